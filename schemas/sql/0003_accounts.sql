-- 0003: owners, assets, accounts.
SET search_path = ledger;

CREATE TABLE asset (
  id    int PRIMARY KEY,
  code  text NOT NULL UNIQUE,
  scale int NOT NULL CHECK (scale BETWEEN 0 AND 24)
);

CREATE TABLE owner (
  id    int PRIMARY KEY CHECK (id > 0),
  name  text NOT NULL UNIQUE,
  shard int NOT NULL REFERENCES shard
);

CREATE SEQUENCE account_id;

-- available = credits_posted - debits_posted - debits_pending; never negative where `limited`.
CREATE TABLE account (
  owner           int NOT NULL REFERENCES owner,
  id              bigint NOT NULL DEFAULT nextval('account_id'),
  asset           int NOT NULL REFERENCES asset,
  path            text NOT NULL,
  limited         boolean NOT NULL,
  debits_pending  counter NOT NULL DEFAULT 0,
  debits_posted   counter NOT NULL DEFAULT 0,
  credits_pending counter NOT NULL DEFAULT 0,
  credits_posted  counter NOT NULL DEFAULT 0,
  version         bigint NOT NULL DEFAULT 0,
  -- Whose money it holds: a sleeve's, or 0: the vault's, the venue's, nobody's. Sleeves never pay each other;
  -- only a vault moves funds.
  fund            bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (owner, id),
  UNIQUE (owner, id, asset),
  UNIQUE (owner, path),
  CONSTRAINT account_limit CHECK (NOT limited OR debits_pending + debits_posted <= credits_posted)
) WITH (fillfactor = 60);
