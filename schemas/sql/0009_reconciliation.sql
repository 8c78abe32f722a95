-- 0009: reconciliation: a venue's statements as they came, what others did on the account, and the
-- differences that wait for an explanation.
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

-- Fills of orders on our account that are none of ours, by the venue's id, which is unique for ever. Kept
-- when first seen.
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
