-- Who did what, append-only; and who wants to be told of it.

CREATE TABLE audit (
  seq bigint PRIMARY KEY,
  time bigint NOT NULL,
  action text COLLATE "C" NOT NULL,
  actor text COLLATE "C" NOT NULL,
  room text COLLATE "C" NOT NULL,
  deed bytea NOT NULL,
  hash bytea NOT NULL
);
CREATE INDEX audit_of_room ON audit (room, seq);
CREATE INDEX audit_of_actor ON audit (actor, seq);
CREATE INDEX audit_of_action ON audit (action, seq);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only';
END
$$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE webhooks (
  id text COLLATE "C" PRIMARY KEY,
  room text COLLATE "C" NOT NULL,
  url text NOT NULL,
  events text[] NOT NULL,
  secret text NOT NULL,
  active boolean NOT NULL,
  created_at bigint NOT NULL,
  created_by text COLLATE "C" NOT NULL
);
CREATE INDEX webhooks_of_room ON webhooks (room, id);

-- `next_at` (Unix milliseconds) is when to try next; who tries puts it off, so that nobody else does meanwhile.
CREATE TABLE deliveries (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  webhook text COLLATE "C" NOT NULL REFERENCES webhooks ON DELETE CASCADE,
  event text NOT NULL,
  body bytea NOT NULL,
  created_at bigint NOT NULL,
  state text NOT NULL,
  tries integer NOT NULL,
  next_at bigint NOT NULL,
  status integer NOT NULL,
  note text NOT NULL
);
CREATE INDEX deliveries_of_webhook ON deliveries (webhook, seq);
CREATE INDEX deliveries_due ON deliveries (next_at) WHERE state = 'waiting';
