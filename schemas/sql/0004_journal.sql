-- 0004: instances, what moved them, the money of each move, and the audit chain over it all. Rows of history
-- are only ever added: triggers forbid UPDATE, DELETE and TRUNCATE (functions/history.sql).
SET search_path = ledger;

CREATE SEQUENCE instance_id CACHE 32;

-- A running copy of a machine. `data` is the machine's own variables as canonical JSON.
CREATE TABLE instance (
  owner           int NOT NULL REFERENCES owner,
  id              bigint NOT NULL,
  kind            text NOT NULL,
  machine_version int NOT NULL,
  state           text NOT NULL,
  version         bigint NOT NULL CHECK (version > 0),
  is_final        boolean NOT NULL,
  parent          bigint NOT NULL DEFAULT 0,
  sleeve          bigint NOT NULL DEFAULT 0,
  -- the step that gave birth: (instance, version) and which of its births
  born_of         bigint NOT NULL DEFAULT 0,
  born_version    bigint NOT NULL DEFAULT 0,
  born_ordinal    int NOT NULL DEFAULT 0,
  data            text NOT NULL,
  PRIMARY KEY (owner, id)
) WITH (fillfactor = 60);
CREATE UNIQUE INDEX instance_birth ON instance (owner, born_of, born_version, born_ordinal)
  WHERE born_of <> 0;
-- A pass over all live instances goes by this key, slice by slice; children are looked up by their parent.
CREATE INDEX instance_live ON instance (owner, kind, id) WHERE NOT is_final;
CREATE INDEX instance_children ON instance (owner, parent) WHERE NOT is_final AND parent <> 0;
-- What is on record is looked up by its kind: few among millions.
CREATE INDEX instance_intervention ON instance (owner, id) WHERE kind = 'intervention';

-- Versions of machines after the first that instances are pinned to. While it is empty nobody has to look an
-- instance's version up.
CREATE TABLE machine_pin (
  kind    text NOT NULL,
  version int NOT NULL CHECK (version > 1),
  PRIMARY KEY (kind, version)
);

-- The transitions by which a request may leave the house: under a freeze of everything commit refuses them
-- itself, under its lock, whatever the facts said.
CREATE TABLE leaving (
  kind  text NOT NULL,
  event text NOT NULL,
  PRIMARY KEY (kind, event)
);
INSERT INTO leaving (kind, event) VALUES ('order', 'send'), ('order', 'resend');

-- One row per move; gapless versions from 1. The digest covers the row, its postings and the jobs that it
-- ordered.
CREATE TABLE transition (
  owner           int NOT NULL,
  instance        bigint NOT NULL,
  version         bigint NOT NULL,
  step_instance   bigint NOT NULL,             -- the step's own instance and version: its idempotency key
  step_version    bigint NOT NULL,
  kind            text NOT NULL,
  machine_version int NOT NULL,
  from_state      text NOT NULL,
  to_state        text NOT NULL,
  event           text NOT NULL,
  command         text NOT NULL,
  world_at        bigint NOT NULL,
  wall_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  data            text NOT NULL,
  jobs            text NOT NULL,               -- what it ordered: "command@world_at", joined by spaces
  digest          bytea NOT NULL,
  PRIMARY KEY (owner, instance, version)
);
-- The moves that a step took along besides its own: few.
CREATE INDEX transition_joint ON transition (owner, step_instance, step_version)
 WHERE instance <> step_instance;

-- From debit to credit, one asset: balanced by shape. A post or void names its hold.
CREATE TABLE posting (
  owner         int NOT NULL,
  instance      bigint NOT NULL,
  version       bigint NOT NULL,
  leg           int NOT NULL,
  kind          text NOT NULL CHECK (kind IN ('single', 'hold', 'post', 'void')),
  debit         bigint NOT NULL,
  credit        bigint NOT NULL CHECK (credit <> debit),
  asset         int NOT NULL,
  amount        counter NOT NULL CHECK ((amount = 0) = (kind = 'void')),
  code          text NOT NULL,
  hold_instance bigint NOT NULL DEFAULT 0,
  hold_version  bigint NOT NULL DEFAULT 0,
  hold_leg      int NOT NULL DEFAULT 0,
  world_at      bigint NOT NULL,
  CHECK ((hold_instance <> 0) = (kind IN ('post', 'void'))),
  PRIMARY KEY (owner, instance, version, leg),
  FOREIGN KEY (owner, debit, asset) REFERENCES account (owner, id, asset),
  FOREIGN KEY (owner, credit, asset) REFERENCES account (owner, id, asset)
);
CREATE UNIQUE INDEX posting_resolves_once ON posting (owner, hold_instance, hold_version, hold_leg)
 WHERE hold_instance <> 0;

-- The line of a posting in one account, with the four counters after it. side 0 is the debit.
CREATE TABLE entry (
  owner           int NOT NULL,
  account         bigint NOT NULL,
  version         bigint NOT NULL,
  instance        bigint NOT NULL,
  step_version    bigint NOT NULL,
  leg             int NOT NULL,
  side            int NOT NULL,
  debits_pending  numeric NOT NULL,
  debits_posted   numeric NOT NULL,
  credits_pending numeric NOT NULL,
  credits_posted  numeric NOT NULL,
  PRIMARY KEY (owner, account, version)
);

-- The second phase of a hold: which step resolved it, 0 while it stands.
CREATE TABLE hold (
  owner            int NOT NULL,
  instance         bigint NOT NULL,
  version          bigint NOT NULL,
  leg              int NOT NULL,
  debit            bigint NOT NULL,
  credit           bigint NOT NULL,
  asset            int NOT NULL,
  reserved         counter NOT NULL CHECK (reserved > 0),
  resolved_by      bigint NOT NULL DEFAULT 0,
  resolved_version bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (owner, instance, version, leg)
) WITH (fillfactor = 80);

-- Steps that business refused: audited, and binding only the lease that asked.
CREATE TABLE refusal (
  owner    int NOT NULL,
  instance bigint NOT NULL,
  version  bigint NOT NULL,
  token    uuid NOT NULL,
  reason   text NOT NULL,
  wall_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  digest   bytea NOT NULL,
  PRIMARY KEY (owner, instance, version, token)
);

-- The audit chain: one link per commit call and shard, over the digests of the call's rows in the order of
-- the arrays. A refusal is listed with its token, a transition with a null.
CREATE TABLE link (
  shard     int NOT NULL,
  seq       bigint NOT NULL,
  owners    int[] NOT NULL,
  instances bigint[] NOT NULL,
  versions  bigint[] NOT NULL,
  tokens    uuid[] NOT NULL,
  wall_at   timestamptz NOT NULL,
  hash      bytea NOT NULL,
  PRIMARY KEY (shard, seq)
);
