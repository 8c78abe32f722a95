-- 0007: pauses and freezes.
SET search_path = ledger;

-- Freeze per owner; owner 0 stands for all. A step must have been decided at the epoch that still holds.
CREATE TABLE control (
  owner  int PRIMARY KEY,
  epoch  bigint NOT NULL DEFAULT 0,
  frozen text NOT NULL DEFAULT 'no' CHECK (frozen IN ('no', 'entries+transfers', 'all')),
  reason text NOT NULL DEFAULT ''
);
INSERT INTO control (owner) VALUES (0);

-- What an owner has paused. `kind` and `instance` stop dispatch; the others forbid new buys in the scope.
-- target: the id of a vault, sleeve or instance, the name of a venue or kind, '' for the owner as a whole.
-- `instance`: the machine (kind control) whose transitions say who, when and why.
CREATE TABLE pause (
  owner    int NOT NULL REFERENCES owner,
  scope    text NOT NULL CHECK (scope IN ('owner', 'venue', 'vault', 'sleeve', 'kind', 'instance')),
  target   text NOT NULL,
  instance bigint NOT NULL,
  PRIMARY KEY (owner, scope, target)
);
