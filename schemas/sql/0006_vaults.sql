-- 0006: markets, vaults, sleeves; bars and the feed's cursor.
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

-- One wallet asset on one venue account; it never trades. total = reserve + tradeable + what its sleeves
-- hold.
CREATE TABLE vault (
  owner      int NOT NULL REFERENCES owner,
  id         bigint NOT NULL,
  name       text NOT NULL,
  venue      text NOT NULL,
  asset      int NOT NULL REFERENCES asset,
  external   bigint NOT NULL,                  -- where coins come from: the venue's wallet, unlimited
  reserve    bigint NOT NULL,                  -- on the wallet, not at risk
  tradeable  bigint NOT NULL,                  -- elected to risk, not allocated
  account    text NOT NULL DEFAULT 'main',
  -- the machine that stands for it, whose first transition says what was opened
  instance   bigint NOT NULL DEFAULT 0,
  -- where differences to the venue's statement wait for an explanation
  quarantine bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (owner, id),
  UNIQUE (owner, name),
  CONSTRAINT one_per_wallet UNIQUE (owner, venue, account, asset)
);

CREATE TABLE sleeve (
  owner           int NOT NULL REFERENCES owner,
  id              bigint NOT NULL,
  name            text NOT NULL,
  kind            text NOT NULL CHECK (kind IN ('quiet', 'flash')),
  vault           bigint NOT NULL,
  instrument      int NOT NULL REFERENCES instrument,
  quote           bigint NOT NULL,
  base            bigint NOT NULL,
  trading_quote   bigint NOT NULL,
  trading_base    bigint NOT NULL,
  fees_quote      bigint NOT NULL,             -- what the venue took in the pair's assets
  suspense_quote  bigint NOT NULL,
  suspense_base   bigint NOT NULL,
  strategy        text NOT NULL,               -- parameters as JSON, parts per million
  instance        bigint NOT NULL DEFAULT 0,   -- as a vault's
  fees_base       bigint NOT NULL DEFAULT 0,
  external_base   bigint NOT NULL DEFAULT 0,
  quarantine_base bigint NOT NULL DEFAULT 0,   -- a vault's quarantine, for the pair's base
  fee_asset       int REFERENCES asset,        -- a third asset, where the venue takes its fee in one
  fees_other      bigint,
  suspense_other  bigint,
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
