-- What becomes of a room, who may do what in it, and ways in that end.

ALTER TABLE rooms
  ADD COLUMN status text NOT NULL DEFAULT 'open',
  ADD COLUMN changed_at bigint NOT NULL DEFAULT 0,
  ADD COLUMN lobby boolean NOT NULL DEFAULT false,
  ADD COLUMN rules text NOT NULL DEFAULT '[]';
CREATE INDEX rooms_deleted ON rooms (changed_at) WHERE status = 'deleted';

ALTER TABLE links
  ADD COLUMN expires_at bigint,
  ADD COLUMN uses_left integer,
  ADD COLUMN needs_approval boolean NOT NULL DEFAULT false,
  ADD COLUMN secret text NOT NULL DEFAULT '';

ALTER TABLE members ADD COLUMN standing text NOT NULL DEFAULT 'in';
