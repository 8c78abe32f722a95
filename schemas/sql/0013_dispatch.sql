-- 0013: what lies behind a backlog. A claim takes the oldest jobs of a shard; where it got as many as it asked for, others must not have to
-- wait until those are done: a few jobs of some owners, in turn, and of the commands that the broker calls urgent. Both look by key, into
-- indexes of their own, and are asked only then.
SET search_path = ledger;

-- "+ 0": no other index can give this order, and without sorts no other plan is left. A plan made on an empty table took job_due for these
-- questions, and walked through the backlog.
CREATE INDEX job_lane ON job (shard, (owner + 0), (world_at + 0));
CREATE INDEX job_command ON job (shard, command COLLATE "C", (world_at + 0));

-- The oldest first, from the index that has them in this order: a plan made on an empty table read and sorted the whole backlog at each claim.
ALTER FUNCTION claim(int[], bigint, int, text) SET enable_bitmapscan = off;
ALTER FUNCTION claim(int[], bigint, int, text) SET enable_sort = off;
ALTER FUNCTION due(int[], bigint) SET enable_bitmapscan = off;
ALTER FUNCTION due(int[], bigint) SET enable_sort = off;
ALTER FUNCTION next_unheld(int[]) SET enable_bitmapscan = off;
ALTER FUNCTION next_unheld(int[]) SET enable_sort = off;

-- Up to p_count owners of each shard that have jobs of any kind, from the first after p_after (of the same place) on, around once.
CREATE FUNCTION owners_in_turn(p_shards int[], p_after int[], p_count int) RETURNS TABLE (of_shard int, of_owner int)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
  after   int;
  found_  int;
  wrapped boolean;
BEGIN
  FOR at IN 1 .. cardinality(p_shards) LOOP
    of_shard := p_shards[at]; after := p_after[at]; wrapped := false;
    FOR n IN 1 .. p_count LOOP
      SELECT j.owner INTO found_ FROM job j WHERE j.shard = of_shard AND j.owner + 0 > after ORDER BY j.owner + 0 LIMIT 1;
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

-- As claim: up to p_limit jobs of each of these owners.
CREATE FUNCTION claim_of(p_shards int[], p_owners int[], p_world bigint, p_limit int, p_broker text)
RETURNS SETOF leased_job LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  RETURN QUERY
  WITH picked AS MATERIALIZED (
    SELECT p.* FROM unnest(p_shards, p_owners) AS s (shard, owner)
     CROSS JOIN LATERAL (
       SELECT j.owner, j.instance, j.version, j.ordinal FROM job j
        WHERE j.shard = s.shard AND j.owner + 0 = s.owner AND j.world_at + 0 <= p_world AND j.token IS NULL AND j.parked IS NULL
          AND j.run_at <= clock_timestamp()
        ORDER BY j.world_at + 0 LIMIT p_limit FOR UPDATE SKIP LOCKED) AS p)
  UPDATE job j SET token = new_token(), attempt = j.attempt + 1, broker = p_broker
    FROM picked p, shard h
   WHERE j.owner = p.owner AND j.instance = p.instance AND j.version = p.version AND j.ordinal = p.ordinal AND h.id = j.shard
  RETURNING j.owner, j.instance, j.version, j.ordinal, j.shard, h.epoch, j.kind, j.command, j.is_event, j.world_at, j.attempt, j.tries, j.token;
END $$;

-- As claim: up to p_limit jobs of each of these commands in each shard.
CREATE FUNCTION claim_urgent(p_shards int[], p_kinds text[], p_commands text[], p_world bigint, p_limit int, p_broker text)
RETURNS SETOF leased_job LANGUAGE plpgsql SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  RETURN QUERY
  WITH picked AS MATERIALIZED (
    SELECT p.* FROM unnest(p_shards) AS s (id) CROSS JOIN unnest(p_kinds, p_commands) AS c (kind, command)
     CROSS JOIN LATERAL (
       SELECT j.owner, j.instance, j.version, j.ordinal FROM job j
        WHERE j.shard = s.id AND j.command COLLATE "C" = c.command AND j.kind = c.kind AND j.world_at + 0 <= p_world AND j.token IS NULL
          AND j.parked IS NULL AND j.run_at <= clock_timestamp()
        ORDER BY j.world_at + 0 LIMIT p_limit FOR UPDATE SKIP LOCKED) AS p)
  UPDATE job j SET token = new_token(), attempt = j.attempt + 1, broker = p_broker
    FROM picked p, shard h
   WHERE j.owner = p.owner AND j.instance = p.instance AND j.version = p.version AND j.ordinal = p.ordinal AND h.id = j.shard
  RETURNING j.owner, j.instance, j.version, j.ordinal, j.shard, h.epoch, j.kind, j.command, j.is_event, j.world_at, j.attempt, j.tries, j.token;
END $$;

-- The venue account that each of these instances works on: that of its sleeve's vault, or of the vault that it or its parent stands for.
-- Without one: no row.
CREATE FUNCTION places(p_owner int[], p_instance bigint[]) RETURNS TABLE (of_owner int, of_instance bigint, venue text, account text)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
  SELECT w.owner, w.instance, v.venue, v.account FROM unnest(p_owner, p_instance) AS w (owner, instance)
   CROSS JOIN LATERAL (SELECT i.id, i.sleeve, i.parent FROM instance i WHERE i.owner = w.owner AND i.id = w.instance OFFSET 0) AS i
    LEFT JOIN LATERAL (SELECT z.vault FROM sleeve z WHERE z.owner = w.owner AND z.id = i.sleeve OFFSET 0) AS z ON true
   CROSS JOIN LATERAL (SELECT u.venue, u.account FROM vault u
                        WHERE u.owner = w.owner AND (u.id = z.vault OR z.vault IS NULL AND u.instance IN (i.id, i.parent)) LIMIT 1) AS v;
$$;

-- The ids of owners by their names, for rules that name one.
CREATE FUNCTION owner_ids(p_names text[]) RETURNS TABLE (name text, id int) LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$ SELECT o.name, o.id FROM owner o WHERE o.name = ANY (p_names) $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger TO bursar_service;
