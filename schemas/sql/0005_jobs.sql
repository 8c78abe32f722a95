-- 0005: the ready queue.
SET search_path = ledger;

-- Work that waits: small, inserted and deleted. `world_at`: not before this world time; `run_at`: not before
-- this wall time (back-off); of an event: since when it has been there to be taken. A job that a pause stops
-- is *held*: it stands in the queue of shard -1 - shard, where no claim looks.
-- No predicate on token in any index: a claim stays a HOT update.
CREATE TABLE job (
  owner       int NOT NULL,
  instance    bigint NOT NULL,
  version     bigint NOT NULL,
  ordinal     int NOT NULL,
  shard       int NOT NULL,
  kind        text NOT NULL,
  command     text NOT NULL,
  is_event    boolean NOT NULL DEFAULT false,
  world_at    bigint NOT NULL,
  run_at      timestamptz NOT NULL DEFAULT '-infinity',
  attempt     int NOT NULL DEFAULT 0,
  tries       int NOT NULL DEFAULT 0,
  token       uuid,
  broker      text,
  parked      text,
  last_error  text,
  error_class text,                            -- of the last failure: a CallError; null where it was none
  PRIMARY KEY (owner, instance, version, ordinal)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500,
        autovacuum_vacuum_cost_delay = 0);
CREATE INDEX job_due ON job (shard, world_at);
-- What lies behind a backlog, in one index, since every job is written, moved by its claim and deleted in
-- each: an owner's jobs are merged from those of its few commands, urgent ones are looked up owner by
-- owner. "+ 0": no other index can give this order, and without sorts no other plan is left. A plan made
-- on an empty table took job_due for these questions, and walked through the backlog.
CREATE INDEX job_lane ON job (shard, (owner + 0), command COLLATE "C", (world_at + 0));

CREATE TYPE leased_job AS (
  owner int, instance bigint, version bigint, ordinal int, shard int, epoch bigint, kind text, command text,
  is_event boolean, world_at bigint, attempt int, tries int, token uuid);
CREATE TYPE job_name AS (owner int, instance bigint, version bigint, ordinal int, world_at bigint);
