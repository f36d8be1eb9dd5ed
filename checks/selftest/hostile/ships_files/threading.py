raise SystemExit("BREACH: loaded by the checker")
