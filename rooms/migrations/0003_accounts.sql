-- People with accounts. SQLite takes this file too (rooms/sqlite_accounts.py), so it says nothing that only one knows.
-- What is `bytea` and not a hash or a key is sealed: see api/seal.py. Times are Unix milliseconds.

CREATE TABLE accounts (
  id text NOT NULL PRIMARY KEY,
  address_index bytea UNIQUE,
  address bytea,
  profile bytea NOT NULL,
  preferences text NOT NULL,
  consents text NOT NULL,
  password_hash text,
  role text NOT NULL,
  status text NOT NULL,
  created_at bigint NOT NULL,
  last_login_at bigint,
  totp bytea,
  totp_on integer NOT NULL,
  totp_step bigint NOT NULL
);

CREATE TABLE sign_ins (
  id text NOT NULL PRIMARY KEY,
  account text NOT NULL REFERENCES accounts ON DELETE CASCADE,
  about bytea NOT NULL,
  created_at bigint NOT NULL,
  used_at bigint NOT NULL,
  expires_at bigint NOT NULL
);
CREATE INDEX sign_ins_of_account ON sign_ins (account);

-- Spent ones stay as long as their sign-in: one that comes again was stolen, from one side or the other.
CREATE TABLE refresh_tokens (
  hash bytea NOT NULL PRIMARY KEY,
  sign_in text NOT NULL REFERENCES sign_ins ON DELETE CASCADE,
  spent_for bytea
);
CREATE INDEX refresh_tokens_of_sign_in ON refresh_tokens (sign_in);

CREATE TABLE one_time_tokens (
  hash bytea NOT NULL PRIMARY KEY,
  purpose text NOT NULL,
  account text REFERENCES accounts ON DELETE CASCADE,
  data bytea NOT NULL,
  expires_at bigint NOT NULL
);
CREATE INDEX one_time_tokens_of_account ON one_time_tokens (account);

CREATE TABLE recovery_codes (
  account text NOT NULL REFERENCES accounts ON DELETE CASCADE,
  hash bytea NOT NULL,
  PRIMARY KEY (account, hash)
);

CREATE TABLE passkeys (
  id bytea NOT NULL PRIMARY KEY,
  account text NOT NULL REFERENCES accounts ON DELETE CASCADE,
  public_key bytea NOT NULL,
  sign_count bigint NOT NULL,
  name text NOT NULL,
  created_at bigint NOT NULL,
  used_at bigint
);
CREATE INDEX passkeys_of_account ON passkeys (account);

CREATE TABLE external_identities (
  issuer text NOT NULL,
  subject text NOT NULL,
  account text NOT NULL REFERENCES accounts ON DELETE CASCADE,
  created_at bigint NOT NULL,
  PRIMARY KEY (issuer, subject)
);
CREATE INDEX external_identities_of_account ON external_identities (account);

CREATE TABLE service_tokens (
  id text NOT NULL PRIMARY KEY,
  hash bytea NOT NULL UNIQUE,
  account text NOT NULL REFERENCES accounts ON DELETE CASCADE,
  name text NOT NULL,
  scopes text NOT NULL,
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL
);
CREATE INDEX service_tokens_of_account ON service_tokens (account);

-- Which member of a room is which account. Members without one are guests.
CREATE TABLE memberships (
  member text NOT NULL PRIMARY KEY,
  room text NOT NULL,
  account text NOT NULL REFERENCES accounts ON DELETE CASCADE,
  created_at bigint NOT NULL,
  UNIQUE (account, room)
);

-- Members whose accounts were erased lately: what rooms still open at some node write with the old name is renamed later.
CREATE TABLE erased_members (
  member text NOT NULL PRIMARY KEY,
  room text NOT NULL,
  erase_words integer NOT NULL,
  erased_at bigint NOT NULL
);

-- The keys that some of this is sealed with, by their ids: a node that knows none of them is of another house.
CREATE TABLE key_ids (
  id text NOT NULL PRIMARY KEY
);
