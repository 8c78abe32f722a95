-- 0008: API keys of venues, sealed. What is stored here is useless without the master key, which is never
-- in the database (ledger/secrets). A key's state is an instance of the machine `key`, so every change of
-- it is a transition in the audit chain; here is only what it is and its seal. Locked after the shard row
-- of ledger.commit, and by the commands for keys alone.
SET search_path = sealed;

-- The master keys that were used, by their ids; a text that each sealed tells a wrong one before it is
-- written with.
CREATE TABLE master_key (
  id          text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{16}$'),
  check_value bytea NOT NULL CHECK (octet_length(check_value) > 28),
  is_current  boolean NOT NULL,                -- only this one may seal
  made_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX master_key_current ON master_key (is_current) WHERE is_current;

CREATE SEQUENCE api_key_id;

-- What a key is. Never changed: its secret is bound to every column but the instance and the time.
CREATE TABLE api_key (
  owner        int NOT NULL REFERENCES ledger.owner,
  id           bigint NOT NULL,
  name         text NOT NULL CHECK (name ~ '^[A-Za-z0-9_-]{1,64}$'),
  key_version  bigint NOT NULL CHECK (key_version > 0),
  venue        text NOT NULL CHECK (venue <> ''),
  account      text NOT NULL CHECK (account <> ''),
  purpose      text NOT NULL CHECK (purpose IN ('read', 'trade', 'move')),
  fingerprint  text NOT NULL CHECK (fingerprint ~ '^[0-9a-f]{8}$'),
  addresses    text[] NOT NULL,                -- from where it may be used
  destinations text[] NOT NULL,                -- to where it may move coins
  instance     bigint NOT NULL,
  made_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (owner, id),
  UNIQUE (owner, name, key_version),
  UNIQUE (owner, instance),
  FOREIGN KEY (owner, instance) REFERENCES ledger.instance (owner, id),
  CONSTRAINT move_keys_have_lists CHECK (
    CASE WHEN purpose = 'move' THEN cardinality(addresses) > 0 AND cardinality(destinations) > 0
         ELSE cardinality(addresses) = 0 AND cardinality(destinations) = 0 END)
);

-- The secret, under a data key of its own, which is under a master key. Gone once the key is retired.
CREATE TABLE seal (
  owner      int NOT NULL,
  id         bigint NOT NULL,
  nonce      bytea NOT NULL CHECK (octet_length(nonce) = 12),
  text       bytea NOT NULL CHECK (octet_length(text) > 16),
  key_nonce  bytea NOT NULL CHECK (octet_length(key_nonce) = 12),
  key_text   bytea NOT NULL CHECK (octet_length(key_text) = 48),
  master_key text NOT NULL REFERENCES master_key,
  PRIMARY KEY (owner, id),
  UNIQUE (nonce),
  UNIQUE (key_nonce),
  FOREIGN KEY (owner, id) REFERENCES api_key (owner, id)
);
