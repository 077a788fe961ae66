declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  interface Options {
    dom_id: string;
    url: string;
    deepLinking?: boolean;
    docExpansion?: "list" | "full" | "none";
    defaultModelsExpandDepth?: number;
    /** null: nobody outside is asked whether the document is valid. */
    validatorUrl?: string | null;
  }
  export default function SwaggerUI(options: Options): unknown;
}
