-- claims.sql: jobs go to brokers. Claims skip locked rows and lock nothing but jobs. Limits and fairness
-- are the broker's (dispatch), never the claim query's. Plans are made once per session, perhaps while the
-- tables are still empty: only key look-ups are allowed, or a scan of an empty table stays the plan for a
-- full one.
--
-- A claim takes the oldest jobs of a shard; where it got as many as it asked for, others must not have to
-- wait until those are done: a few jobs of some owners, in turn, and of the commands that the broker calls
-- urgent.
--
-- A job that a pause stops is *held*: it stands in the queue of shard -1 - shard, where no claim looks, so
-- that held jobs cost claims nothing. Nobody moves them there but a claim that comes upon them (at most so
-- many as it claims) and the pause itself, for what is leased.
SET search_path = ledger;

-- 128 random bits: never a counter, which a crash after an asynchronous claim would mint twice.
CREATE FUNCTION new_token() RETURNS uuid LANGUAGE sql VOLATILE AS
$$ SELECT encode(substring(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) FOR 16),
                 'hex')::uuid $$;

-- Leases up to p_limit jobs of each shard that may run at p_world, the oldest first. The epoch is read
-- once for a shard, not for each job (the row of a busy shard has many versions); a job that was just
-- locked is found again by its place; and the tokens of one claim are 128 bits each of SHA-256 over two
-- random UUIDs, drawn for the claim, and a number. A claim that a crash forgets has leased nothing: its
-- commit needs no flush.
CREATE FUNCTION claim(p_shards int[], p_world bigint, p_limit int, p_broker text) RETURNS SETOF leased_job
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  seed bytea := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  RETURN QUERY
  WITH picked AS MATERIALIZED (
    SELECT p.place, h.epoch FROM unnest(p_shards) AS s (id) JOIN shard h ON h.id = s.id
     CROSS JOIN LATERAL (
       SELECT j.ctid AS place FROM job j
        WHERE j.shard = s.id AND j.world_at <= p_world AND j.token IS NULL AND j.parked IS NULL
          AND j.run_at <= clock_timestamp()
        ORDER BY j.world_at LIMIT p_limit FOR UPDATE SKIP LOCKED) AS p)
  UPDATE job j SET token = encode(substring(sha256(seed || int8send(p.n)) FOR 16), 'hex')::uuid,
         attempt = j.attempt + 1, broker = p_broker
    FROM (SELECT x.*, row_number() OVER () AS n FROM picked x) AS p
   WHERE j.ctid = p.place
  RETURNING j.owner, j.instance, j.version, j.ordinal, j.shard, p.epoch, j.kind, j.command, j.is_event,
            j.world_at, j.attempt, j.tries, j.token;
END $$;

-- The oldest p_limit jobs that may run, of one command of an owner; p_kind '': of any kind.
CREATE FUNCTION lane_head(p_shard int, p_owner int, p_kind text, p_command text, p_world bigint, p_limit int)
RETURNS SETOF job_name LANGUAGE plpgsql STABLE
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_sort = off AS $$
BEGIN
  RETURN QUERY
  SELECT j.owner, j.instance, j.version, j.ordinal, j.world_at FROM job j
   WHERE j.shard = p_shard AND j.owner + 0 = p_owner AND j.command COLLATE "C" = p_command
     AND j.world_at + 0 <= p_world AND j.token IS NULL
     AND j.parked IS NULL AND j.run_at <= clock_timestamp() AND (p_kind = '' OR j.kind = p_kind)
   ORDER BY j.world_at + 0 LIMIT p_limit;
END $$;

-- The same of an owner's commands together: the oldest first.
CREATE FUNCTION lane_of(p_shard int, p_owner int, p_world bigint, p_limit int) RETURNS SETOF job_name
LANGUAGE plpgsql STABLE
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_sort = off AS $$
DECLARE
  command_ text := '';
  heads    job_name[] := '{}';
BEGIN
  LOOP
    SELECT j.command INTO command_ FROM job j
     WHERE j.shard = p_shard AND j.owner + 0 = p_owner AND j.command COLLATE "C" > command_
     ORDER BY j.command COLLATE "C" LIMIT 1;
    EXIT WHEN command_ IS NULL;
    heads := heads || ARRAY(SELECT h FROM lane_head(p_shard, p_owner, '', command_, p_world, p_limit) AS h);
  END LOOP;
  RETURN QUERY SELECT h.* FROM unnest(heads) AS h ORDER BY h.world_at LIMIT p_limit;
END $$;

-- Leases these jobs, but for those that somebody else has taken or holds at this moment.
CREATE FUNCTION lease(p_jobs job_name[], p_broker text) RETURNS SETOF leased_job LANGUAGE plpgsql
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
BEGIN
  RETURN QUERY
  WITH picked AS MATERIALIZED (
    SELECT k.* FROM unnest(p_jobs) AS w
     CROSS JOIN LATERAL (
       SELECT j.owner, j.instance, j.version, j.ordinal FROM job j
        WHERE j.owner = w.owner AND j.instance = w.instance AND j.version = w.version
          AND j.ordinal = w.ordinal AND j.token IS NULL
          AND j.parked IS NULL FOR UPDATE SKIP LOCKED) AS k)
  UPDATE job j SET token = new_token(), attempt = j.attempt + 1, broker = p_broker
    FROM picked p, shard h
   WHERE j.owner = p.owner AND j.instance = p.instance AND j.version = p.version AND j.ordinal = p.ordinal
     AND h.id = j.shard
  RETURNING j.owner, j.instance, j.version, j.ordinal, j.shard, h.epoch, j.kind, j.command, j.is_event,
            j.world_at, j.attempt, j.tries, j.token;
END $$;

-- As claim: up to p_limit jobs of each of these owners.
CREATE FUNCTION claim_of(p_shards int[], p_owners int[], p_world bigint, p_limit int, p_broker text)
RETURNS SETOF leased_job LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  RETURN QUERY
  SELECT l.* FROM lease(ARRAY(SELECT n FROM unnest(p_shards, p_owners) AS s (shard, owner)
                               CROSS JOIN LATERAL lane_of(s.shard, s.owner, p_world, p_limit) AS n),
                        p_broker) AS l;
END $$;

-- Owners in the order of their ids from one drawn by lot on, around once but 256 at most, so that none is
-- always the last and none is looked at for long: of each command the first p_limit jobs that are met, an
-- owner's oldest first.
CREATE FUNCTION claim_urgent(p_shards int[], p_kinds text[], p_commands text[], p_world bigint, p_limit int,
                             p_broker text)
RETURNS SETOF leased_job LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_sort = off AS $$
DECLARE
  first  int;
  owner_ int;
  turns  int;
  looks  int;
  found_ job_name[] := '{}';
  heads  job_name[];
  counts int[];
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  FOR at IN 1 .. cardinality(p_shards) LOOP
    SELECT (random() * j.owner)::int INTO first FROM job j WHERE j.shard = p_shards[at]
     ORDER BY j.owner + 0 DESC LIMIT 1;
    owner_ := first; turns := 0; looks := 0; counts := array_fill(0, ARRAY[cardinality(p_commands)]);
    LOOP
      SELECT j.owner INTO owner_ FROM job j WHERE j.shard = p_shards[at] AND j.owner + 0 > owner_
       ORDER BY j.owner + 0 LIMIT 1;
      IF owner_ IS NULL THEN                   -- around once
        turns := turns + 1;
        owner_ := -1;
        EXIT WHEN turns = 2;
        CONTINUE;
      END IF;
      EXIT WHEN turns = 1 AND owner_ > first OR looks = 256 OR p_limit <= ALL (counts);
      looks := looks + 1;
      FOR c IN 1 .. cardinality(p_commands) LOOP
        CONTINUE WHEN counts[c] >= p_limit;
        heads := ARRAY(SELECT h
                         FROM lane_head(p_shards[at], owner_, p_kinds[c], p_commands[c], p_world,
                                        p_limit - counts[c]) AS h);
        counts[c] := counts[c] + cardinality(heads);
        found_ := found_ || heads;
      END LOOP;
    END LOOP;
  END LOOP;
  RETURN QUERY SELECT l.* FROM lease(found_, p_broker) AS l;
END $$;

-- Up to p_count owners of each shard that have jobs of any kind, from the first after p_after (of the same
-- place) on, around once.
CREATE FUNCTION owners_in_turn(p_shards int[], p_after int[], p_count int)
RETURNS TABLE (of_shard int, of_owner int)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_sort = off AS $$
DECLARE
  after   int;
  found_  int;
  wrapped boolean;
BEGIN
  FOR at IN 1 .. cardinality(p_shards) LOOP
    of_shard := p_shards[at]; after := p_after[at]; wrapped := false;
    FOR n IN 1 .. p_count LOOP
      SELECT j.owner INTO found_ FROM job j WHERE j.shard = of_shard AND j.owner + 0 > after
       ORDER BY j.owner + 0 LIMIT 1;
      IF found_ IS NULL AND NOT wrapped THEN
        wrapped := true;
        SELECT j.owner INTO found_ FROM job j WHERE j.shard = of_shard ORDER BY j.owner + 0 LIMIT 1;
      END IF;
      EXIT WHEN found_ IS NULL OR (wrapped AND found_ > p_after[at]);
      of_owner := found_; after := found_;
      RETURN NEXT;
    END LOOP;
  END LOOP;
END $$;

-- The venue account that each of these instances works on: that of its sleeve's vault, or of the vault
-- that it or its parent stands for. Without one: no row.
CREATE FUNCTION places(p_owner int[], p_instance bigint[])
RETURNS TABLE (of_owner int, of_instance bigint, venue text, account text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
  SELECT w.owner, w.instance, v.venue, v.account FROM unnest(p_owner, p_instance) AS w (owner, instance)
   CROSS JOIN LATERAL (SELECT i.id, i.sleeve, i.parent FROM instance i
                        WHERE i.owner = w.owner AND i.id = w.instance OFFSET 0) AS i
    LEFT JOIN LATERAL (SELECT z.vault FROM sleeve z
                        WHERE z.owner = w.owner AND z.id = i.sleeve OFFSET 0) AS z ON true
   CROSS JOIN LATERAL (SELECT u.venue, u.account FROM vault u
                        WHERE u.owner = w.owner
                          AND (u.id = z.vault OR z.vault IS NULL AND u.instance IN (i.id, i.parent))
                        LIMIT 1) AS v;
$$;

-- The ids of owners by their names, for rules that name one.
CREATE FUNCTION owner_ids(p_names text[]) RETURNS TABLE (name text, id int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ledger, pg_temp AS
$$ SELECT o.name, o.id FROM owner o WHERE o.name = ANY (p_names) $$;

-- Whether any job could be stopped by a pause, or needs a later version of its machine.
CREATE FUNCTION has_exceptions() RETURNS boolean LANGUAGE sql STABLE SET search_path = ledger, pg_temp AS $$
  SELECT EXISTS (SELECT FROM pause p WHERE p.scope IN ('kind', 'instance'))
      OR EXISTS (SELECT FROM machine_pin);
$$;

-- Of these jobs, just claimed, those that no pause stops, each with the version of its instance's machine;
-- the others go aside. Where nothing is paused and nothing pinned, all of them as they are.
CREATE FUNCTION sift(p_got leased_job[])
RETURNS TABLE (owner int, instance bigint, version bigint, ordinal int, shard int, epoch bigint, kind text,
               command text, is_event boolean, world_at bigint, attempt int, tries int, token uuid,
               machine_version int)
LANGUAGE plpgsql
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  WITH asked AS MATERIALIZED (
    SELECT g.*, coalesce(i.machine_version, 1) AS pinned, is_halted(g.owner, g.kind, g.instance) AS is_halted
      FROM unnest(p_got) AS g
      LEFT JOIN LATERAL (SELECT x.machine_version FROM instance x
                          WHERE x.owner = g.owner AND x.id = g.instance OFFSET 0) AS i ON true),
  aside AS (
    UPDATE job j SET token = NULL, broker = NULL, attempt = j.attempt - 1, shard = -1 - j.shard
      FROM asked a
     WHERE a.is_halted AND j.owner = ANY (ARRAY[a.owner]) AND j.instance = a.instance
       AND j.version = a.version AND j.ordinal = a.ordinal)
  SELECT a.owner, a.instance, a.version, a.ordinal, a.shard, a.epoch, a.kind, a.command, a.is_event,
         a.world_at, a.attempt, a.tries, a.token, a.pinned
    FROM asked a WHERE NOT a.is_halted;
END $$;

-- Claims, sifted. The shared lock and the later look at the pauses make a pause that has returned be seen:
-- its own lock waits for the claims that were under way.
CREATE FUNCTION take(p_shards int[], p_world bigint, p_limit int, p_broker text)
RETURNS TABLE (owner int, instance bigint, version bigint, ordinal int, shard int, epoch bigint, kind text,
               command text, is_event boolean, world_at bigint, attempt int, tries int, token uuid,
               machine_version int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  got leased_job[];
BEGIN
  PERFORM pg_advisory_xact_lock_shared(7004, 0);
  IF NOT has_exceptions() THEN
    RETURN QUERY SELECT c.*, 1 FROM claim(p_shards, p_world, p_limit, p_broker) AS c;
    RETURN;
  END IF;
  FOR round IN 1..16 LOOP                      -- past a backlog that is held, in bounded work
    SELECT array_agg(c) INTO got FROM claim(p_shards, p_world, p_limit, p_broker) AS c;
    EXIT WHEN got IS NULL;
    RETURN QUERY SELECT s.* FROM sift(got) AS s;
    EXIT WHEN FOUND;
  END LOOP;
END $$;

-- As take, of claim_of.
CREATE FUNCTION take_of(p_shards int[], p_owners int[], p_world bigint, p_limit int, p_broker text)
RETURNS TABLE (owner int, instance bigint, version bigint, ordinal int, shard int, epoch bigint, kind text,
               command text, is_event boolean, world_at bigint, attempt int, tries int, token uuid,
               machine_version int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(7004, 0);
  IF has_exceptions() THEN
    RETURN QUERY
    SELECT s.* FROM sift(ARRAY(
      SELECT c FROM claim_of(p_shards, p_owners, p_world, p_limit, p_broker) AS c)) AS s;
  ELSE
    RETURN QUERY SELECT c.*, 1 FROM claim_of(p_shards, p_owners, p_world, p_limit, p_broker) AS c;
  END IF;
END $$;

-- As take, of claim_urgent.
CREATE FUNCTION take_urgent(p_shards int[], p_kinds text[], p_commands text[], p_world bigint, p_limit int,
                            p_broker text)
RETURNS TABLE (owner int, instance bigint, version bigint, ordinal int, shard int, epoch bigint, kind text,
               command text, is_event boolean, world_at bigint, attempt int, tries int, token uuid,
               machine_version int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(7004, 0);
  IF has_exceptions() THEN
    RETURN QUERY
    SELECT s.* FROM sift(ARRAY(
      SELECT c FROM claim_urgent(p_shards, p_kinds, p_commands, p_world, p_limit, p_broker) AS c)) AS s;
  ELSE
    RETURN QUERY
    SELECT c.*, 1 FROM claim_urgent(p_shards, p_kinds, p_commands, p_world, p_limit, p_broker) AS c;
  END IF;
END $$;
