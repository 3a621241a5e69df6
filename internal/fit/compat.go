package fit

// checked is a configuration whose start checks are made.
type checked struct {
	*Request
	tp, pp, dp, cp int64
	maxLen         int64
	kv             string
}

func compatible(c *checked, r *Report) {}
