-- 0001: the ledger: owners, accounts, instances, transitions, postings, entries, holds, jobs, and the audit chain over them.
-- The owner leads every key. Amounts are whole minor units. World times are microseconds since 1970 UTC (bigint), wall times timestamptz.
-- Rows of history are only ever added: triggers forbid UPDATE, DELETE and TRUNCATE. Only the functions of 0002 and 0003 write.

CREATE SCHEMA ledger;
SET search_path = ledger;

DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'bursar_service') THEN
    CREATE ROLE bursar_service LOGIN;
  END IF;
END $$;
GRANT USAGE ON SCHEMA ledger TO bursar_service;

-- Bare NUMERIC: a scale in the type would round before the check could refuse.
CREATE DOMAIN minor_units AS numeric
  CHECK (VALUE <> 'NaN' AND VALUE > -1e38 AND VALUE < 1e38 AND VALUE = trunc(VALUE));
CREATE DOMAIN counter AS numeric
  CHECK (VALUE <> 'NaN' AND VALUE >= 0 AND VALUE < 1e38 AND VALUE = trunc(VALUE));

-- Which file made the schema what it is: a changed file or a newer schema is refused at start.
CREATE TABLE migration (
  number     int PRIMARY KEY,
  name       text NOT NULL,
  sha256     text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT now()
);

-- The deployment's own 64-bit name: the first half of every client order id.
CREATE TABLE deployment (
  one  boolean PRIMARY KEY DEFAULT true CHECK (one),
  name bytea NOT NULL CHECK (octet_length(name) = 8)
);
INSERT INTO deployment (name) VALUES (substring(uuid_send(gen_random_uuid()) FROM 9 FOR 8));

CREATE TABLE asset (
  id    int PRIMARY KEY,
  code  text NOT NULL UNIQUE,
  scale int NOT NULL CHECK (scale BETWEEN 0 AND 24)
);

-- One row per shard: its fencing epoch and the head of its audit chain. Last in the lock order.
CREATE TABLE shard (
  id     int PRIMARY KEY CHECK (id BETWEEN 0 AND 63),
  epoch  bigint NOT NULL DEFAULT 0,
  broker text NOT NULL DEFAULT '',
  seq    bigint NOT NULL DEFAULT 0,
  head   bytea NOT NULL DEFAULT '\x'
) WITH (fillfactor = 20);
INSERT INTO shard (id) SELECT generate_series(0, 63);

CREATE TABLE owner (
  id    int PRIMARY KEY CHECK (id > 0),
  name  text NOT NULL UNIQUE,
  shard int NOT NULL REFERENCES shard
);

-- Pause and freeze per owner; owner 0 stands for all. A step must have been decided at the epoch that still holds.
CREATE TABLE control (
  owner  int PRIMARY KEY,
  epoch  bigint NOT NULL DEFAULT 0,
  frozen text NOT NULL DEFAULT 'no' CHECK (frozen IN ('no', 'entries+transfers', 'all')),
  reason text NOT NULL DEFAULT ''
);
INSERT INTO control (owner) VALUES (0);

CREATE SEQUENCE account_id;
CREATE SEQUENCE instance_id CACHE 32;

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
  PRIMARY KEY (owner, id),
  UNIQUE (owner, id, asset),
  UNIQUE (owner, path),
  CONSTRAINT account_limit CHECK (NOT limited OR debits_pending + debits_posted <= credits_posted)
) WITH (fillfactor = 60);

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
  born_of         bigint NOT NULL DEFAULT 0,  -- the step that gave birth: (instance, version) and which of its births
  born_version    bigint NOT NULL DEFAULT 0,
  born_ordinal    int NOT NULL DEFAULT 0,
  data            text NOT NULL,
  PRIMARY KEY (owner, id)
) WITH (fillfactor = 60);
CREATE UNIQUE INDEX instance_birth ON instance (owner, born_of, born_version, born_ordinal) WHERE born_of <> 0;
CREATE INDEX instance_live ON instance (owner, kind) WHERE NOT is_final;

-- One row per move; gapless versions from 1. The digest covers the row, its postings and the jobs that it ordered.
CREATE TABLE transition (
  owner           int NOT NULL,
  instance        bigint NOT NULL,
  version         bigint NOT NULL,
  step_instance   bigint NOT NULL,            -- the step's own instance and version: its idempotency key
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
  jobs            text NOT NULL,              -- what it ordered: "command@world_at", joined by spaces
  digest          bytea NOT NULL,
  PRIMARY KEY (owner, instance, version)
);
-- The moves that a step took along besides its own: few.
CREATE INDEX transition_joint ON transition (owner, step_instance, step_version) WHERE instance <> step_instance;

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
CREATE UNIQUE INDEX posting_resolves_once ON posting (owner, hold_instance, hold_version, hold_leg) WHERE hold_instance <> 0;

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

-- Work that waits: small, inserted and deleted. `world_at`: not before this world time; `run_at`: not before this wall time (back-off).
-- No predicate on token in any index: a claim stays a HOT update.
CREATE TABLE job (
  owner    int NOT NULL,
  instance bigint NOT NULL,
  version  bigint NOT NULL,
  ordinal  int NOT NULL,
  shard    int NOT NULL,
  kind     text NOT NULL,
  command  text NOT NULL,
  is_event boolean NOT NULL DEFAULT false,
  world_at bigint NOT NULL,
  run_at   timestamptz NOT NULL DEFAULT '-infinity',
  attempt  int NOT NULL DEFAULT 0,
  tries    int NOT NULL DEFAULT 0,
  token    uuid,
  broker   text,
  parked   text,
  last_error text,
  PRIMARY KEY (owner, instance, version, ordinal)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX job_due ON job (shard, world_at);

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

-- The audit chain: one link per commit call and shard, over the digests of the call's rows in the order of the arrays.
-- A refusal is listed with its token, a transition with a null.
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

CREATE FUNCTION forbid_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'history is append-only: % on ledger.% is forbidden', TG_OP, TG_TABLE_NAME USING ERRCODE = 'BU010';
END $$;

DO $$
DECLARE name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['transition', 'posting', 'entry', 'refusal', 'link'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.%I FOR EACH ROW EXECUTE FUNCTION ledger.forbid_change()', name);
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.%I EXECUTE FUNCTION ledger.forbid_change()', name);
  END LOOP;
  FOREACH name IN ARRAY ARRAY['account', 'instance', 'hold', 'asset'] LOOP
    EXECUTE format('CREATE TRIGGER no_delete BEFORE DELETE ON ledger.%I FOR EACH ROW EXECUTE FUNCTION ledger.forbid_change()', name);
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.%I EXECUTE FUNCTION ledger.forbid_change()', name);
  END LOOP;
  EXECUTE 'CREATE TRIGGER immutable BEFORE UPDATE ON ledger.asset FOR EACH ROW EXECUTE FUNCTION ledger.forbid_change()';
END $$;

-- A length-prefixed text, for digests. All of these must stay inlinable (STABLE, since convert_to is): a call of its own costs 20 microseconds.
CREATE FUNCTION lp(t text) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT int4send(octet_length(t)) || convert_to(t, 'UTF8') $$;

-- Version 1 of a posting's bytes inside its transition's digest.
CREATE FUNCTION posting_bytes(leg int, kind text, debit bigint, credit bigint, asset int, amount numeric, code text,
                              hold_instance bigint, hold_version bigint, hold_leg int)
RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT int4send(leg) || ledger.lp(kind) || int8send(debit) || int8send(credit) || int4send(asset) || ledger.lp(amount::text) || ledger.lp(code)
          || int8send(hold_instance) || int8send(hold_version) || int4send(hold_leg) $$;

-- Version 1 of a transition's digest: never token, attempt, wall time or trace. `postings` is the concatenation of posting_bytes by leg.
CREATE FUNCTION transition_digest(owner int, instance bigint, version bigint, step_instance bigint, step_version bigint, kind text,
                                  machine_version int, from_state text, to_state text, event text, command text, world_at bigint,
                                  data text, jobs text, postings bytea)
RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT sha256('\x01'::bytea || int4send(owner) || int8send(instance) || int8send(version) || int8send(step_instance) || int8send(step_version)
          || ledger.lp(kind) || int4send(machine_version) || ledger.lp(from_state) || ledger.lp(to_state) || ledger.lp(event) || ledger.lp(command)
          || int8send(world_at) || ledger.lp(data) || ledger.lp(jobs) || postings) $$;

CREATE FUNCTION refusal_digest(owner int, instance bigint, version bigint, token uuid, reason text)
RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT sha256('\x02'::bytea || int4send(owner) || int8send(instance) || int8send(version) || uuid_send(token) || ledger.lp(reason)) $$;

-- The next head of a shard's chain over the concatenated digests of one commit call.
CREATE FUNCTION link_hash(shard int, seq bigint, prev bytea, wall_us bigint, digests bytea)
RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT sha256('\x01'::bytea || int4send(shard) || int8send(seq) || int4send(octet_length(prev)) || prev
          || int8send(wall_us) || digests) $$;
