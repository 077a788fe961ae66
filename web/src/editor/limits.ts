/** Above this many characters a text is shown plain: grammars would cost more than they give. */
export const PLAIN_ABOVE = 1_000_000;
