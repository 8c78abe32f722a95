-- jobs_seen without settings of its own, so that the planner sees through it: the first fifty of 200,000 jobs are read along the
-- primary key, instead of all of them before the limit.
CREATE OR REPLACE FUNCTION ledger.jobs_seen(p_world bigint, p_state text, p_kind text, p_command text, p_owner text, p_instance bigint, p_reason text,
                                            p_older_s bigint)
RETURNS TABLE (owner int, owner_name text, instance bigint, version bigint, ordinal int, kind text, command text, is_event boolean, state text,
               world_at bigint, attempt int, tries int, reason text, error_class text, wait_ms bigint, age_s bigint, broker text,
               instance_state text, data text, machine_version int)
LANGUAGE sql STABLE AS $$
  SELECT j.owner, o.name, j.instance, j.version, j.ordinal, j.kind, j.command, j.is_event, s.state, j.world_at, j.attempt, j.tries, s.reason,
         coalesce(j.error_class, ''), s.wait_ms, s.age_s, coalesce(j.broker, ''), i.state, i.data, i.machine_version
    FROM ledger.job j JOIN ledger.owner o ON o.id = j.owner JOIN ledger.instance i ON i.owner = j.owner AND i.id = j.instance
    LEFT JOIN ledger.transition t ON t.owner = j.owner AND t.instance = j.instance AND t.version = j.version
   CROSS JOIN LATERAL (SELECT
           CASE WHEN j.token IS NOT NULL THEN 'leased' WHEN j.parked IS NOT NULL THEN 'parked' WHEN j.shard < 0 THEN 'held'
                WHEN j.run_at > clock_timestamp() THEN 'delayed' WHEN j.world_at > p_world THEN 'timer' ELSE 'ready' END AS state,
           coalesce(j.parked, j.last_error, '') AS reason,
           CASE WHEN j.run_at > clock_timestamp() THEN (extract(epoch FROM j.run_at - clock_timestamp()) * 1000)::bigint ELSE 0 END AS wait_ms,
           coalesce(extract(epoch FROM clock_timestamp() - t.wall_at)::bigint, 0) AS age_s) AS s
   WHERE (p_state = '' OR s.state = p_state) AND (p_kind = '' OR j.kind = p_kind) AND (p_command = '' OR j.command = p_command)
     AND (p_owner = '' OR o.name = p_owner) AND (p_instance = 0 OR j.instance = p_instance)
     AND (p_reason = '' OR position(p_reason IN s.reason) > 0) AND s.age_s >= p_older_s;
$$;
