-- 0009: reconciliation: a venue's statements as they came, what others did on the account, and the differences that wait for an explanation.
-- A difference goes to quarantine in the step that finds it, and the database takes it only when the ledger with quarantine is then exactly
-- what the statement says: two who find the same difference at once can't both book it.
SET search_path = ledger;

CREATE TABLE statement (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  venue    text NOT NULL,
  account  text NOT NULL,
  world_at bigint NOT NULL,
  wall_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE statement_line (
  statement bigint NOT NULL REFERENCES statement,
  asset     text NOT NULL,                     -- the venue's word; it may be no asset of ours
  total     minor_units NOT NULL,
  PRIMARY KEY (statement, asset)
);

-- Fills of orders on our account that are none of ours, by the venue's id, which is unique for ever. Kept when first seen.
CREATE TABLE foreign_fill (
  venue     text NOT NULL,
  account   text NOT NULL,
  id        text NOT NULL,
  statement bigint NOT NULL REFERENCES statement,
  symbol    text NOT NULL,
  at        bigint NOT NULL,                   -- world time
  is_buy    boolean NOT NULL,
  base      counter NOT NULL,
  quote     counter NOT NULL,
  fee       counter NOT NULL,
  fee_asset text NOT NULL,                     -- '' is the quote
  PRIMARY KEY (venue, account, id)
);

-- The one break that a fill belongs to: the one that booked it, or the one that a person has to explain.
CREATE TABLE fill_claim (
  venue    text NOT NULL,
  account  text NOT NULL,
  fill     text NOT NULL,
  owner    int NOT NULL,
  instance bigint NOT NULL,
  PRIMARY KEY (venue, account, fill),
  FOREIGN KEY (venue, account, fill) REFERENCES foreign_fill (venue, account, id)
);

DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['statement', 'statement_line', 'foreign_fill', 'fill_claim'] LOOP
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.%I FOR EACH ROW EXECUTE FUNCTION ledger.forbid_change()', name);
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON ledger.%I EXECUTE FUNCTION ledger.forbid_change()', name);
  END LOOP;
END $$;

-- What the ledger expects on the wallets of one venue account, asset by asset: the coins of its vaults and sleeves (what an order holds is
-- still there; fees are gone), less what orders spent beyond their holds; and what waits in quarantine. An account at a venue belongs to one
-- owner; where several have vaults on it, the first one answers for it. stamp changes with every posting; in_flight: orders that have not ended.
CREATE FUNCTION wallet(p_venue text, p_account text)
RETURNS TABLE (owner int, asset int, code text, scale int, ledger numeric, quarantined numeric, external bigint, quarantine bigint, stamp numeric,
               in_flight bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
  WITH mine AS (
    SELECT s.*, n.base AS base_asset, n.quote AS quote_asset FROM sleeve s JOIN vault v ON v.owner = s.owner AND v.id = s.vault
      JOIN instrument n ON n.id = s.instrument WHERE v.venue = p_venue AND v.account = p_account),
  place AS (
    SELECT v.owner, v.asset, x.account FROM vault v CROSS JOIN LATERAL (VALUES (v.reserve), (v.tradeable)) AS x (account)
     WHERE v.venue = p_venue AND v.account = p_account
    UNION ALL SELECT m.owner, m.quote_asset, m.quote FROM mine m
    UNION ALL SELECT m.owner, m.base_asset, m.base FROM mine m),
  coins AS (
    SELECT p.asset, sum(a.credits_posted - a.debits_posted) AS ledger, sum(a.version) AS stamp
      FROM place p JOIN account a ON a.owner = p.owner AND a.id = p.account GROUP BY p.asset),
  beyond AS (
    SELECT p.asset, sum(CASE e.side WHEN 1 THEN p.amount ELSE -p.amount END) AS coins
      FROM mine m CROSS JOIN LATERAL (VALUES (m.suspense_quote), (m.suspense_base), (m.suspense_other)) AS x (account)
      JOIN entry e ON e.owner = m.owner AND e.account = x.account
      JOIN instance i ON i.owner = e.owner AND i.id = e.instance AND i.sleeve = m.id
      JOIN posting p ON p.owner = e.owner AND p.instance = e.instance AND p.version = e.step_version AND p.leg = e.leg
     WHERE p.kind IN ('single', 'post') GROUP BY p.asset),
  side AS (
    SELECT v.owner, v.asset, v.external, v.quarantine FROM vault v WHERE v.venue = p_venue AND v.account = p_account
    UNION SELECT m.owner, m.base_asset, m.external_base, m.quarantine_base FROM mine m),
  waiting AS (
    SELECT s.asset, sum(a.credits_posted - a.debits_posted) AS coins, sum(a.version) AS stamp
      FROM side s JOIN account a ON a.owner = s.owner AND a.id = s.quarantine GROUP BY s.asset),
  flying AS (
    SELECT count(*) AS orders FROM instance i JOIN mine m ON m.owner = i.owner AND m.id = i.sleeve WHERE i.kind = 'order' AND NOT i.is_final)
  SELECT DISTINCT ON (c.asset) s.owner, c.asset, t.code, t.scale, c.ledger + coalesce(b.coins, 0), w.coins, s.external, s.quarantine,
         c.stamp + w.stamp, f.orders
    FROM coins c JOIN asset t ON t.id = c.asset JOIN side s ON s.asset = c.asset JOIN waiting w ON w.asset = c.asset CROSS JOIN flying f
    LEFT JOIN beyond b ON b.asset = c.asset ORDER BY c.asset, s.owner;
$$;

-- Keeps a statement as it came, and those of its foreign fills that no statement before has shown. Answers with its id.
CREATE FUNCTION keep_statement(p_venue text, p_account text, p_world bigint, p_assets text[], p_totals numeric[], f_id text[], f_symbol text[],
                               f_at bigint[], f_buy boolean[], f_base numeric[], f_quote numeric[], f_fee numeric[], f_fee_asset text[])
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  made bigint;
BEGIN
  INSERT INTO statement (venue, account, world_at) VALUES (p_venue, p_account, p_world) RETURNING id INTO made;
  INSERT INTO statement_line SELECT made, l.asset, l.total FROM unnest(p_assets, p_totals) AS l (asset, total);
  INSERT INTO foreign_fill (venue, account, id, statement, symbol, at, is_buy, base, quote, fee, fee_asset)
  SELECT p_venue, p_account, f.id, made, f.symbol, f.at, f.is_buy, f.base, f.quote, f.fee, f.fee_asset
    FROM unnest(f_id, f_symbol, f_at, f_buy, f_base, f_quote, f_fee, f_fee_asset) AS f (id, symbol, at, is_buy, base, quote, fee, fee_asset)
      ON CONFLICT DO NOTHING;
  RETURN made;
END $$;

-- When a break has been born and its postings stand: its fills are its own, for ever; and where it was found by counting, the ledger with
-- quarantine is what the statement says.
CREATE FUNCTION settle_break() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
DECLARE
  d json := NEW.data::json;
  s statement;
BEGIN
  SELECT * INTO STRICT s FROM statement WHERE id = (d ->> 'statement')::bigint;
  INSERT INTO fill_claim (venue, account, fill, owner, instance)
  SELECT s.venue, s.account, f.id, NEW.owner, NEW.instance FROM json_array_elements_text(d -> 'fills') AS f (id);
  IF NEW.event = 'find' AND NOT EXISTS (
       SELECT FROM wallet(s.venue, s.account) AS w LEFT JOIN statement_line l ON l.statement = s.id AND l.asset = w.code
        WHERE w.asset = split_part(d ->> 'amount', ':', 1)::int AND w.ledger + w.quarantined = coalesce(l.total, 0)) THEN
    RAISE EXCEPTION 'the ledger has moved since statement % was compared', s.id USING ERRCODE = 'BU013';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER break_settled AFTER INSERT ON transition DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (NEW.kind = 'break' AND NEW.version = 1) EXECUTE FUNCTION settle_break();

-- What is in quarantine moves by a break's own steps only: it is neither traded nor allocated.
CREATE OR REPLACE FUNCTION forbid_crossing() RETURNS trigger LANGUAGE plpgsql SET search_path = ledger, pg_temp AS $$
DECLARE
  crosses boolean;
BEGIN
  SELECT d.fund <> 0 AND c.fund <> 0 INTO crosses
    FROM added p
   CROSS JOIN LATERAL (SELECT a.fund, a.path FROM account a WHERE a.owner = p.owner AND a.id = p.debit OFFSET 0) AS d
   CROSS JOIN LATERAL (SELECT a.fund, a.path FROM account a WHERE a.owner = p.owner AND a.id = p.credit OFFSET 0) AS c
   WHERE d.fund <> 0 AND c.fund <> 0 AND d.fund <> c.fund
      OR (starts_with(d.path, 'quarantine/') OR starts_with(c.path, 'quarantine/'))
         AND (SELECT i.kind FROM instance i WHERE i.owner = p.owner AND i.id = p.instance) <> 'break' LIMIT 1;
  IF crosses THEN
    RAISE EXCEPTION 'a sleeve never pays another one' USING ERRCODE = 'BU011';
  ELSIF FOUND THEN
    RAISE EXCEPTION 'what is in quarantine is neither traded nor allocated' USING ERRCODE = 'BU014';
  END IF;
  RETURN NULL;
END $$;

-- Vaults, sleeves, controls and breaks stand until a person moves them; a paused cycle rests in sight; a live key waits for a look at the
-- venue or for a person. All others need something to move them.
CREATE OR REPLACE FUNCTION stranded() RETURNS TABLE (owner int, instance bigint, kind text, state text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
  SELECT i.owner, i.id, i.kind, i.state FROM instance i
   WHERE NOT i.is_final AND i.kind NOT IN ('vault', 'sleeve', 'control', 'break') AND i.state <> 'paused'
     AND NOT EXISTS (SELECT FROM job j WHERE j.owner = i.owner AND j.instance = i.id)
     AND NOT EXISTS (SELECT FROM instance c WHERE c.owner = i.owner AND c.parent = i.id AND NOT c.is_final)
     AND NOT EXISTS (SELECT FROM sealed.api_key k JOIN sealed.seal s ON s.owner = k.owner AND s.id = k.id
                      WHERE k.owner = i.owner AND k.instance = i.id);
$$;

-- Breaks: what is in quarantine is what the open breaks have left to explain; a fill belongs to the break whose first transition names it.
CREATE FUNCTION verify_breaks() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ledger, pg_temp AS $$
  SELECT x.problem FROM (
    SELECT format('account (owner %s, id %s, %s): holds %s, and its open breaks have %s left to explain', a.owner, a.id, a.path,
                  a.credits_posted - a.debits_posted, coalesce(r.rest, 0)) AS problem
      FROM account a
      LEFT JOIN (SELECT i.owner, (i.data::json ->> 'quarantine')::bigint AS account, sum(split_part(i.data::json ->> 'rest', ':', 2)::numeric) AS rest
                   FROM instance i WHERE i.kind = 'break' AND i.state = 'open' GROUP BY 1, 2) AS r ON r.owner = a.owner AND r.account = a.id
     WHERE starts_with(a.path, 'quarantine/') AND a.credits_posted - a.debits_posted <> coalesce(r.rest, 0)
    UNION ALL
    SELECT format('fill (%s/%s, %s): is claimed by %s, and named by %s', coalesce(c.venue, n.venue), coalesce(c.account, n.account),
                  coalesce(c.fill, n.fill), coalesce(c.instance::text, 'nobody'), coalesce(n.instance::text, 'nobody'))
      FROM fill_claim c
      FULL JOIN (SELECT s.venue, s.account, f.id AS fill, t.owner, t.instance
                   FROM transition t JOIN statement s ON s.id = (t.data::json ->> 'statement')::bigint
                  CROSS JOIN LATERAL json_array_elements_text(t.data::json -> 'fills') AS f (id)
                  WHERE t.kind = 'break' AND t.version = 1) AS n USING (venue, account, fill)
     WHERE (c.owner, c.instance) IS DISTINCT FROM (n.owner, n.instance)) AS x LIMIT 1;
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger FROM PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO bursar_service;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger TO bursar_service;
