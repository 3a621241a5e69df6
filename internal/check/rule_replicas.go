package check

import (
	"fmt"
	"math"
	"strings"

	"mlcfg/internal/diag"
)

// engineSize returns the devices that one engine (replica) takes, and the keys
// that say so: the product of its parallel sizes.
func (c *Config) engineSize() (size int64, keys []key, ok bool) {
	shares, _ := c.engine(c.Backend.DPShares)
	if c.Backend.DPShares != "" && c.faulty[c.Backend.EngineSection()+"."+c.Backend.DPShares] {
		return 0, nil, false
	}
	size = 1
	for _, name := range c.Backend.Sizes(shares.value == true) {
		k, has := c.engine(name)
		if !has {
			if c.faulty[c.Backend.EngineSection()+"."+name] {
				return 0, nil, false
			}
			continue
		}
		n, isInt := k.int()
		if !isInt || n < 1 {
			return 0, nil, false
		}
		if size = min(size, math.MaxInt64/n) * n; n > 1 { // more than any machine has, all the same
			keys = append(keys, k)
		}
	}
	return size, keys, true
}

// replicas returns the number of engines that run side by side.
func (c *Config) replicas() (n int64, ok bool) {
	devices, okD := c.harness("device_count")
	count, okI := devices.int()
	size, _, okS := c.engineSize()
	if !okD || !okI || !okS || count%size != 0 {
		return 0, false
	}
	return count / size, true
}

// replicasDivide: the devices are shared out among engines of equal size.
func replicasDivide(c *Config, found *diag.List) {
	devices, okD := c.harness("device_count")
	count, okI := devices.int()
	size, keys, okS := c.engineSize()
	if !okD || !okI || !okS || count%size == 0 {
		return
	}
	var factors []string
	for _, k := range keys {
		factors = append(factors, fmt.Sprintf("%s %v", k.name(), k.value))
	}
	c.report(found, diag.Diagnostic{
		Code: "replicas",
		Message: fmt.Sprintf("device_count %d cannot be shared out among engines of %d devices (%s): %d would be left over",
			count, size, strings.Join(factors, " x "), count%size),
		Hint: fmt.Sprintf("device_count must be a multiple of %d", size),
	}, append([]key{devices}, keys...)...)
}
