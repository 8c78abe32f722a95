-- facts.sql: what a decision may look at: one snapshot per batch.
SET search_path = ledger;

-- What may still be spent.
CREATE FUNCTION available(a account) RETURNS numeric LANGUAGE sql IMMUTABLE AS
$$ SELECT (a).credits_posted - (a).debits_posted - (a).debits_pending $$;

-- The coins of a vault's asset that are the vault's: not at risk, tradeable, and in its sleeves (what is
-- out in trades has no coin here).
CREATE FUNCTION vault_coins(p_owner int, p_vault bigint) RETURNS numeric LANGUAGE sql STABLE
SET search_path = ledger, pg_temp AS $$
  SELECT sum(a.credits_posted - a.debits_posted) FROM account a
   WHERE a.owner = p_owner
     AND a.id IN (SELECT unnest(ARRAY[v.reserve, v.tradeable]) FROM vault v
                   WHERE v.owner = p_owner AND v.id = p_vault
                  UNION ALL
                  SELECT s.quote FROM sleeve s WHERE s.owner = p_owner AND s.vault = p_vault);
$$;

-- How much the pairs of a vault's sleeves move: the sample standard deviation of the
-- log returns between hourly closes of the week before, by the square root of the hours of a year, in ppm;
-- of several pairs the largest. Null with less than a day of returns. NUMERIC: the same everywhere.
CREATE FUNCTION volatility(p_owner int, p_vault bigint, p_world bigint) RETURNS bigint LANGUAGE sql STABLE
SET search_path = ledger, pg_temp AS $$
  SELECT max(round(x.deviation * sqrt(8760::numeric) * 1000000))::bigint
    FROM (SELECT DISTINCT instrument FROM sleeve WHERE owner = p_owner AND vault = p_vault) AS n
   CROSS JOIN LATERAL (
     SELECT stddev_samp(r.gain) AS deviation, count(r.gain) AS n FROM (
       SELECT ln(b.close::numeric / lag(b.close) OVER (ORDER BY b.opens_at)) AS gain FROM bar b
        WHERE b.instrument = n.instrument AND b.close_sound AND b.opens_at > p_world - 605400000000
          AND b.opens_at <= p_world + 1000 - 3600000000) AS r) AS x
   WHERE x.n >= 24;
$$;

-- [[id, available quote, allocation, whether a position or an order is open], ...] by id.
CREATE FUNCTION vault_sleeves(p_owner int, p_vault bigint) RETURNS text LANGUAGE sql STABLE
SET search_path = ledger, pg_temp AS $$
  SELECT coalesce(json_agg(json_build_array(s.id, available(q)::text, z.data::json ->> 'allocation',
           EXISTS (SELECT FROM instance c
                    WHERE c.owner = s.owner AND c.kind = 'sleeve_cycle' AND c.sleeve = s.id AND NOT c.is_final
                      AND c.state NOT IN ('watching', 'paused'))) ORDER BY s.id), '[]')::text
    FROM sleeve s JOIN account q ON q.owner = s.owner AND q.id = s.quote
    JOIN instance z ON z.owner = s.owner AND z.id = s.instance
   WHERE s.owner = p_owner AND s.vault = p_vault;
$$;

-- The facts of a batch of jobs, in the order asked. Prices are looked up by time alone: closes exactly at
-- p_world, one and four hours before. The machine versions of its parent and of the machine of its sleeve
-- too: a step that moves them writes the version that they are pinned to, and a worker that does not know
-- it leaves them alone.
CREATE FUNCTION facts(p_owner int[], p_instance bigint[], p_world bigint[])
RETURNS TABLE (at bigint, kind text, machine_version int, state text, version bigint, is_final boolean,
               data text, parent bigint, sleeve bigint, control_epoch bigint, frozen text, parent_kind text,
               parent_state text, parent_version bigint, parent_data text, quote_available text,
               base_available text, tradeable_available text, close_now bigint, close_1h bigint,
               close_4h bigint, high_since bigint, has_cycle boolean, paused boolean, sleeve_instance bigint,
               sleeve_version bigint, sleeve_data text, reserve_available text, vault_total text,
               vault_data text, fee_payer bigint, fee_available text, volatility bigint, vault_sleeves text,
               vault_accounts text, parent_machine int, sleeve_machine int, wall_us bigint, halted boolean,
               world_now bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off
SET enable_mergejoin = off AS $$
DECLARE
  hour constant bigint := 3600000000;
BEGIN
  -- ======== Most of a look-up's time goes into setting the query up: who has neither parent nor sleeve gets
  -- a small one.
  IF NOT EXISTS (SELECT FROM unnest(p_owner, p_instance) AS k (owner, instance)
                   JOIN instance i ON i.owner = k.owner AND i.id = k.instance
                  WHERE i.parent <> 0 OR i.sleeve <> 0 OR i.kind IN ('allocation', 'vault')) THEN
    RETURN QUERY
    SELECT k.at, i.kind, i.machine_version, i.state, i.version, i.is_final, i.data, i.parent, i.sleeve,
           c.epoch + g.epoch, stronger_freeze(g.frozen, c.frozen),
           NULL::text, NULL::text, NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text,
           NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, false,
           false, NULL::bigint, NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::bigint,
           NULL::text, NULL::bigint, NULL::text, NULL::text, NULL::int, NULL::int,
           NULL::bigint, false, NULL::bigint
      FROM unnest(p_owner, p_instance) WITH ORDINALITY AS k (owner, instance, at)
      JOIN instance i ON i.owner = k.owner AND i.id = k.instance
      JOIN control c ON c.owner = k.owner
      JOIN control g ON g.owner = 0;
    RETURN;
  END IF;

  -- ======== All others: the row of each, beside what it belongs to.
  RETURN QUERY
  SELECT k.at, i.kind, i.machine_version, i.state, i.version, i.is_final, i.data, i.parent, i.sleeve,
         c.epoch + g.epoch, stronger_freeze(g.frozen, c.frozen),
         p.kind, p.state, p.version, p.data,
         available(q)::text, available(b)::text, coalesce(available(v)::text, a.tradeable),
         w.now, w.hour1, w.hour4, w.high,
         i.kind = 'allocation'
           AND EXISTS (SELECT FROM instance y WHERE y.owner = i.owner AND y.kind = 'sleeve_cycle'
                          AND y.sleeve = i.sleeve AND NOT y.is_final),
         i.sleeve <> 0 AND EXISTS (SELECT FROM pause) AND is_paused(i.owner, i.sleeve),
         z.id, z.version, z.data, a.reserve, a.total, a.data, f.id, f.available, a.volatility, a.sleeves,
         a.accounts, p.machine_version, z.machine_version,
         x.wall_us, coalesce(x.halted, false), x.world_now
    FROM unnest(p_owner, p_instance, p_world) WITH ORDINALITY AS k (owner, instance, world_at, at)
    JOIN instance i ON i.owner = k.owner AND i.id = k.instance
    JOIN control c ON c.owner = k.owner
    JOIN control g ON g.owner = 0
    LEFT JOIN instance p ON i.parent <> 0 AND p.owner = i.owner AND p.id = i.parent
    LEFT JOIN ledger.sleeve s ON i.sleeve <> 0 AND s.owner = i.owner AND s.id = i.sleeve
    LEFT JOIN instance z ON s.instance <> 0 AND z.owner = s.owner AND z.id = s.instance
    LEFT JOIN vault u ON u.owner = s.owner AND u.id = s.vault
    LEFT JOIN account q ON q.owner = s.owner AND q.id = s.quote
    LEFT JOIN account b ON b.owner = s.owner AND b.id = s.base
    LEFT JOIN account v ON v.owner = u.owner AND v.id = u.tradeable
    -- ======== What a kind wants to know besides. A cycle: prices.
    LEFT JOIN LATERAL (
      SELECT (SELECT x.close FROM bar x WHERE x.instrument = s.instrument
                 AND x.opens_at = k.world_at + 1000 - hour AND x.close_sound) AS now,
             (SELECT x.close FROM bar x WHERE x.instrument = s.instrument
                 AND x.opens_at = k.world_at + 1000 - 2 * hour AND x.close_sound) AS hour1,
             (SELECT x.close FROM bar x WHERE x.instrument = s.instrument
                 AND x.opens_at = k.world_at + 1000 - 5 * hour AND x.close_sound) AS hour4,
             CASE WHEN i.state = 'holding' THEN
               (SELECT max(x.close) FROM bar x
                 WHERE x.instrument = s.instrument AND x.opens_at >= (i.data::json ->> 'entered_at')::bigint
                   AND x.opens_at <= k.world_at + 1000 - hour AND x.close_sound) END AS high
       WHERE i.kind = 'sleeve_cycle') AS w ON true
    -- An allocation or a vault: what the vault has on the wallet, in all and not at risk, and the
    -- vault's own rules.
    LEFT JOIN LATERAL (
      SELECT available(t)::text AS tradeable, available(r)::text AS reserve,
             vault_coins(y.owner, y.id)::text AS total, m.data,
             CASE i.kind WHEN 'vault' THEN volatility(y.owner, y.id, k.world_at) END AS volatility,
             CASE i.kind WHEN 'vault' THEN vault_sleeves(y.owner, y.id) END AS sleeves,
             json_build_array(y.external, y.reserve, y.tradeable)::text AS accounts
        FROM vault y JOIN account t ON t.owner = y.owner AND t.id = y.tradeable
        JOIN account r ON r.owner = y.owner AND r.id = y.reserve
        JOIN instance m ON m.owner = y.owner AND m.id = y.instance
       WHERE y.owner = i.owner
         AND (i.kind = 'allocation' AND y.tradeable = (i.data::json -> 'vault' ->> 2)::bigint
              OR i.kind = 'vault' AND y.instance = i.id)) AS a ON true
    -- An order whose venue may take its fee in a third coin: the vault that has it, if there is one.
    LEFT JOIN LATERAL (
      SELECT c.id, available(c)::text AS available
        FROM vault y JOIN account c ON c.owner = y.owner AND c.id = y.reserve
       WHERE i.kind = 'order' AND s.fee_asset IS NOT NULL AND y.owner = s.owner AND y.venue = u.venue
         AND y.account = u.account AND y.asset = s.fee_asset) AS f ON true
    -- An order: what time it is, on the wall and in the world, and whether its dispatch is paused
    -- (what may have left is dispatched all the same).
    LEFT JOIN LATERAL (
      SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS wall_us,
             EXISTS (SELECT FROM pause h WHERE h.owner = i.owner
                        AND (h.scope = 'kind' AND h.target = i.kind
                             OR h.scope = 'instance' AND h.target = i.id::text)) AS halted,
             (SELECT max(e.played_to) + hour - 1000 FROM feed e WHERE e.played_to > 0) AS world_now
       WHERE i.kind = 'order') AS x ON true;
END $$;
