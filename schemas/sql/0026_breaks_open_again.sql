-- An explanation of a closed break can be taken back: closed is no state for ever any more.
UPDATE ledger.instance SET is_final = false WHERE kind = 'break' AND state = 'closed';
