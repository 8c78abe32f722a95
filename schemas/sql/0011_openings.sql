-- 0011: openings: a freeze in force whose flag was taken away is named; before, only a flag that no freeze stood for was.
SET search_path = ledger;

-- Otherwise as in 0006.
CREATE OR REPLACE FUNCTION verify_openings() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp AS $$
  SELECT x.problem FROM (
    SELECT format('vault (owner %s, id %s, %s): is not what was opened', v.owner, v.id, v.name) AS problem
      FROM vault v LEFT JOIN transition t ON t.owner = v.owner AND t.instance = v.instance AND t.version = 1 AND t.kind = 'vault'
     WHERE (t.data::jsonb -> 'opened') IS DISTINCT FROM opened_vault(v.owner, v.id)::jsonb
    UNION ALL
    SELECT format('sleeve (owner %s, id %s, %s): is not what was opened', s.owner, s.id, s.name)
      FROM sleeve s LEFT JOIN transition t ON t.owner = s.owner AND t.instance = s.instance AND t.version = 1 AND t.kind = 'sleeve'
     WHERE (t.data::jsonb -> 'opened') IS DISTINCT FROM opened_sleeve(s.owner, s.id)::jsonb
    UNION ALL
    SELECT format('transition (owner %s, instance %s, version 1): what it opened is gone', t.owner, t.instance)
      FROM transition t WHERE t.kind IN ('vault', 'sleeve') AND t.version = 1
       AND NOT EXISTS (SELECT FROM vault v WHERE t.kind = 'vault' AND v.owner = t.owner AND v.instance = t.instance)
       AND NOT EXISTS (SELECT FROM sleeve s WHERE t.kind = 'sleeve' AND s.owner = t.owner AND s.instance = t.instance)
    UNION ALL
    SELECT format('account (owner %s, id %s, %s): nobody opened it', a.owner, a.id, a.path)
      FROM account a WHERE EXISTS (SELECT FROM vault v WHERE v.owner = a.owner)
       AND NOT EXISTS (SELECT FROM vault v WHERE v.owner = a.owner AND a.id IN (v.external, v.reserve, v.tradeable, v.quarantine))
       AND NOT EXISTS (SELECT FROM sleeve s WHERE s.owner = a.owner AND a.id IN (s.quote, s.base, s.trading_quote, s.trading_base, s.fees_quote,
                         s.fees_base, s.suspense_quote, s.suspense_base, s.external_base, s.quarantine_base, s.fees_other, s.suspense_other))
    UNION ALL
    SELECT format('control (owner %s): its flags are not those of the controls in force', c.owner)
      FROM control c
     CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE i.data::jsonb ->> 'measure' = 'freeze') AS freezes,
                                count(*) FILTER (WHERE i.data::jsonb ->> 'measure' = 'freeze' AND i.data::jsonb ->> 'level' = c.frozen) AS frozen,
                                count(*) FILTER (WHERE i.data::jsonb ->> 'measure' = 'pause') AS paused
                           FROM instance i WHERE i.owner = c.owner AND i.kind = 'control' AND NOT i.is_final) AS f
     CROSS JOIN LATERAL (SELECT count(*) AS flags, count(i.id) AS meant FROM pause p
                           LEFT JOIN instance i ON i.owner = p.owner AND i.id = p.instance AND i.kind = 'control' AND NOT i.is_final
                                AND i.data::jsonb ->> 'scope' = p.scope AND i.data::jsonb ->> 'target' = p.target WHERE p.owner = c.owner) AS p
     WHERE f.freezes <> (c.frozen <> 'no')::int OR f.frozen <> f.freezes OR p.flags <> f.paused OR p.flags <> p.meant) AS x
  LIMIT 1;
$$;
