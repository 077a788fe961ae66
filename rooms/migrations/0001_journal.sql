-- Rooms, who is in them, and their journals.

CREATE TABLE rooms (
  key bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  name text NOT NULL,
  kind text NOT NULL,
  language text NOT NULL,
  created_at bigint NOT NULL
);

-- The last number that a room has given, to an entry and to a member. Apart from `rooms` and with room to spare on
-- its pages, so that raising one moves nothing and touches no index. Its row is the lock that orders a room's commits.
CREATE TABLE counters (
  id text COLLATE "C" PRIMARY KEY,
  room bigint NOT NULL REFERENCES rooms,
  last_seq bigint NOT NULL DEFAULT 0,
  last_member integer NOT NULL DEFAULT 0
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE links (
  code text COLLATE "C" PRIMARY KEY,
  room bigint NOT NULL REFERENCES rooms,
  role text NOT NULL
);
CREATE INDEX links_of_room ON links (room);

CREATE TABLE members (
  room bigint NOT NULL REFERENCES rooms,
  number integer NOT NULL,
  id text COLLATE "C" NOT NULL,
  name text NOT NULL,
  role text NOT NULL,
  token_hash bytea NOT NULL UNIQUE,
  PRIMARY KEY (room, number)
);

-- No foreign key: it would cost a look-up and a lock per entry, and only append_entries writes here, with the room's
-- counter in its hand.
CREATE TABLE entries (
  room bigint NOT NULL,
  seq bigint NOT NULL,
  time bigint NOT NULL,
  author text COLLATE "C" NOT NULL,
  channel text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  data bytea NOT NULL,
  PRIMARY KEY (room, seq)
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX entries_of_channel ON entries (room, channel, seq);

CREATE TABLE snapshots (
  room bigint NOT NULL REFERENCES rooms,
  document text COLLATE "C" NOT NULL,
  seq bigint NOT NULL,
  nested bigint NOT NULL,
  state bytea NOT NULL,
  PRIMARY KEY (room, document)
);

-- What was committed lately, and the number before the first of each room in it: a commit that comes again is answered.
CREATE TABLE commits (
  id text COLLATE "C" PRIMARY KEY,
  firsts bigint[] NOT NULL,
  time timestamptz NOT NULL DEFAULT now()
) WITH (autovacuum_vacuum_scale_factor = 0.05);

-- Number and write one batch: `ids` are its rooms, each once; entry i belongs to the room ids[room_of[i]] and is the
-- nth[i]-th of it. Answers for each room the number before its first entry; NULL if a room does not exist.
--
-- Every batch locks its counters in the order of their ids, so two never wait for each other in a circle. Under these
-- locks the same commit cannot be on its way twice, so looking for it needs no lock of its own.
CREATE FUNCTION append_entries(
  commit_id text, ids text[], counts integer[], room_of integer[], nth integer[], times bigint[],
  authors text[], channels text[], kinds text[], datas bytea[]
) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
  held bigint;
  keys bigint[];
  firsts_now bigint[];
BEGIN
  SELECT count(*) INTO held FROM (
    SELECT 1 FROM counters WHERE id = ANY (ids) ORDER BY id FOR NO KEY UPDATE) AS locked;
  IF held < cardinality(ids) THEN
    RETURN NULL;
  END IF;

  SELECT firsts INTO firsts_now FROM commits WHERE id = commit_id;
  IF FOUND THEN
    RETURN firsts_now;
  END IF;

  WITH raised AS (
    UPDATE counters SET last_seq = last_seq + given.n
    FROM unnest(ids, counts) WITH ORDINALITY AS given (id, n, place)
    WHERE counters.id = given.id
    RETURNING given.place, counters.room, counters.last_seq - given.n AS before)
  SELECT array_agg(room ORDER BY place), array_agg(before ORDER BY place) INTO keys, firsts_now FROM raised;

  INSERT INTO entries (room, seq, time, author, channel, kind, data)
  SELECT keys[e.r], firsts_now[e.r] + e.n, e.time, e.author, e.channel, e.kind, e.data
  FROM unnest(room_of, nth, times, authors, channels, kinds, datas) AS e (r, n, time, author, channel, kind, data);

  INSERT INTO commits (id, firsts) VALUES (commit_id, firsts_now);
  RETURN firsts_now;
END
$$;
