-- 0004: vaults, sleeves, instruments, bars and the feed's cursor; and the facts that a decision may look at, one snapshot per batch.
SET search_path = ledger;

CREATE TABLE instrument (
  id           int PRIMARY KEY,
  symbol       text NOT NULL UNIQUE,           -- ETH/USDT
  base         int NOT NULL REFERENCES asset,
  quote        int NOT NULL REFERENCES asset,
  lot          counter NOT NULL CHECK (lot > 0),          -- base minor units
  min_notional counter NOT NULL,                          -- quote minor units
  maker_ppm    bigint NOT NULL CHECK (maker_ppm >= 0),
  taker_ppm    bigint NOT NULL CHECK (taker_ppm >= 0)
);

-- One wallet asset on one venue account; it never trades. total = reserve + tradeable + what its sleeves hold.
CREATE TABLE vault (
  owner     int NOT NULL REFERENCES owner,
  id        bigint NOT NULL,
  name      text NOT NULL,
  venue     text NOT NULL,
  asset     int NOT NULL REFERENCES asset,
  external  bigint NOT NULL,                   -- where coins come from: the venue's wallet, unlimited
  reserve   bigint NOT NULL,                   -- on the wallet, not at risk
  tradeable bigint NOT NULL,                   -- elected to risk, not allocated
  PRIMARY KEY (owner, id),
  UNIQUE (owner, name)
);

CREATE TABLE sleeve (
  owner          int NOT NULL REFERENCES owner,
  id             bigint NOT NULL,
  name           text NOT NULL,
  kind           text NOT NULL CHECK (kind IN ('quiet', 'flash')),
  vault          bigint NOT NULL,
  instrument     int NOT NULL REFERENCES instrument,
  allocation     counter NOT NULL,             -- original allocation, quote minor units
  quote          bigint NOT NULL,
  base           bigint NOT NULL,
  trading_quote  bigint NOT NULL,
  trading_base   bigint NOT NULL,
  fees_quote     bigint NOT NULL,
  suspense_quote bigint NOT NULL,
  suspense_base  bigint NOT NULL,
  strategy       text NOT NULL,                -- parameters as JSON, parts per million
  PRIMARY KEY (owner, id),
  UNIQUE (owner, name),
  FOREIGN KEY (owner, vault) REFERENCES vault (owner, id)
);

-- Prices in 10^-8 quote units per base unit. A bar closes one millisecond before the next one may open.
-- Nothing fills on an unsound open, no signal is drawn from an unsound close.
CREATE TABLE bar (
  instrument  int NOT NULL REFERENCES instrument,
  opens_at    bigint NOT NULL,
  open        bigint NOT NULL CHECK (open > 0),
  high        bigint NOT NULL,
  low         bigint NOT NULL CHECK (low > 0 AND high >= low),
  close       bigint NOT NULL CHECK (close > 0),
  open_sound  boolean NOT NULL,
  close_sound boolean NOT NULL,
  PRIMARY KEY (instrument, opens_at)
);

-- What is replayed into an instrument: the file by its SHA-256, how far, and what the import found.
CREATE TABLE feed (
  instrument int PRIMARY KEY REFERENCES instrument,
  file       text NOT NULL,
  sha256     text NOT NULL,
  import     text NOT NULL,                    -- the import report as JSON
  played_to  bigint NOT NULL,                  -- opens_at of the last bar whose close barrier has passed
  finished   boolean NOT NULL DEFAULT false,
  elapsed_us bigint NOT NULL DEFAULT 0         -- wall time spent replaying, all runs together
);

CREATE TABLE setting (
  key   text PRIMARY KEY,
  value text NOT NULL
);

CREATE FUNCTION available(a account) RETURNS numeric LANGUAGE sql IMMUTABLE AS
$$ SELECT (a).credits_posted - (a).debits_posted - (a).debits_pending $$;

-- The facts of a batch of jobs. Prices are looked up by time alone: closes exactly at p_world, one and four hours before.
CREATE FUNCTION facts(p_owner int[], p_instance bigint[], p_world bigint[])
RETURNS TABLE (at bigint, kind text, machine_version int, state text, version bigint, is_final boolean, data text, parent bigint, sleeve bigint,
               control_epoch bigint, frozen text,
               parent_kind text, parent_state text, parent_version bigint, parent_data text,
               quote_available text, base_available text, tradeable_available text,
               close_now bigint, close_1h bigint, close_4h bigint, high_since bigint, has_cycle boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = ledger, pg_temp SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  hour constant bigint := 3600000000;
BEGIN
  -- Most of a look-up's time goes into setting the query up: who has neither parent nor sleeve gets a small one.
  IF NOT EXISTS (SELECT FROM unnest(p_owner, p_instance) AS k (owner, instance)
                   JOIN instance i ON i.owner = k.owner AND i.id = k.instance WHERE i.parent <> 0 OR i.sleeve <> 0) THEN
    RETURN QUERY
    SELECT k.at, i.kind, i.machine_version, i.state, i.version, i.is_final, i.data, i.parent, i.sleeve,
           c.epoch + g.epoch, CASE WHEN g.frozen <> 'no' THEN g.frozen ELSE c.frozen END,
           NULL::text, NULL::text, NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text,
           NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, false
      FROM unnest(p_owner, p_instance) WITH ORDINALITY AS k (owner, instance, at)
      JOIN instance i ON i.owner = k.owner AND i.id = k.instance
      JOIN control c ON c.owner = k.owner
      JOIN control g ON g.owner = 0;
    RETURN;
  END IF;
  RETURN QUERY
  SELECT k.at, i.kind, i.machine_version, i.state, i.version, i.is_final, i.data, i.parent, i.sleeve,
         c.epoch + g.epoch, CASE WHEN g.frozen <> 'no' THEN g.frozen ELSE c.frozen END,
         p.kind, p.state, p.version, p.data,
         available(q)::text, available(b)::text, available(v)::text,
         w.now, w.hour1, w.hour4, w.high,
         i.kind = 'allocation' AND EXISTS (SELECT FROM instance y WHERE y.owner = i.owner AND y.kind = 'sleeve_cycle' AND y.sleeve = i.sleeve AND NOT y.is_final)
    FROM unnest(p_owner, p_instance, p_world) WITH ORDINALITY AS k (owner, instance, world_at, at)
    JOIN instance i ON i.owner = k.owner AND i.id = k.instance
    JOIN control c ON c.owner = k.owner
    JOIN control g ON g.owner = 0
    LEFT JOIN instance p ON i.parent <> 0 AND p.owner = i.owner AND p.id = i.parent
    LEFT JOIN ledger.sleeve s ON i.sleeve <> 0 AND s.owner = i.owner AND s.id = i.sleeve
    LEFT JOIN vault u ON u.owner = s.owner AND u.id = s.vault
    LEFT JOIN account q ON q.owner = s.owner AND q.id = s.quote
    LEFT JOIN account b ON b.owner = s.owner AND b.id = s.base
    LEFT JOIN account v ON v.owner = u.owner AND v.id = u.tradeable
    LEFT JOIN LATERAL (
      SELECT (SELECT x.close FROM bar x WHERE x.instrument = s.instrument AND x.opens_at = k.world_at + 1000 - hour AND x.close_sound) AS now,
             (SELECT x.close FROM bar x WHERE x.instrument = s.instrument AND x.opens_at = k.world_at + 1000 - 2 * hour AND x.close_sound) AS hour1,
             (SELECT x.close FROM bar x WHERE x.instrument = s.instrument AND x.opens_at = k.world_at + 1000 - 5 * hour AND x.close_sound) AS hour4,
             CASE WHEN i.state = 'holding' THEN
               (SELECT max(x.close) FROM bar x WHERE x.instrument = s.instrument AND x.opens_at >= (i.data::json ->> 'entered_at')::bigint
                   AND x.opens_at <= k.world_at + 1000 - hour AND x.close_sound) END AS high
       WHERE i.kind = 'sleeve_cycle') AS w ON true;
END $$;
