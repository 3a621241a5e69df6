package check

import (
	"fmt"
	"strconv"
	"strings"

	"mlcfg/internal/diag"
)

// devicesRemain refuses HIP_VISIBLE_DEVICES, or CUDA_VISIBLE_DEVICES that HIP reads
// in its place, that count beyond the devices which ROCR_VISIBLE_DEVICES leaves: the
// runtime below hides devices first, and HIP numbers those that are left from 0.
func devicesRemain(c *Config, found *diag.List) {
	left := devices(c.Env["ROCR_VISIBLE_DEVICES"])
	if left == nil {
		return
	}
	for _, name := range []string{"HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"} {
		wanted := devices(c.Env[name])
		if wanted == nil {
			continue
		}
		there := 0
		for there < len(wanted) && wanted[there] < len(left) {
			there++ // HIP stops at the first one that is not there
		}
		if there == len(wanted) {
			continue
		}
		outer, inner := c.variable("ROCR_VISIBLE_DEVICES"), c.variable(name)
		d := diag.Diagnostic{
			Code: "visible-devices", Key: strings.Join(inner.path, "."),
			Message: fmt.Sprintf("%s counts within the %d devices that ROCR_VISIBLE_DEVICES leaves, from 0: %d of %d are there", name, len(left), there, len(wanted)),
			Hint:    "set one of the two",
		}
		if there > 0 {
			d.Severity = diag.Warning
		}
		c.report(found, d, inner, outer)
	}
}

// devicesSuffice warns where a variable of the engine's process leaves fewer devices than the
// harness is to use. Where a head serves many machines, device_count is that of all of them.
func devicesSuffice(c *Config, found *diag.List) {
	count, ok := c.harness("device_count")
	n, isInt := count.value.(int64)
	if both := devices(c.Env["ROCR_VISIBLE_DEVICES"]) != nil && (devices(c.Env["HIP_VISIBLE_DEVICES"]) != nil || devices(c.Env["CUDA_VISIBLE_DEVICES"]) != nil); both {
		return // devicesRemain's
	}
	if !ok || !isInt || c.Backend.Name != c.Backend.Engine {
		return
	}
	for _, name := range []string{"CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"} {
		if left := devices(c.Env[name]); left != nil && int64(len(left)) < n {
			v := c.variable(name)
			c.report(found, diag.Diagnostic{
				Severity: diag.Warning, Code: "visible-devices", Key: strings.Join(v.path, "."),
				Message: fmt.Sprintf("%s leaves %d devices, harness_config.device_count is %d", name, len(left), n),
			}, v, count)
		}
	}
}

// devices reads a list of device numbers, nil for anything else.
func devices(text string) []int {
	if text == "" {
		return nil
	}
	var numbers []int
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 0 {
			return nil
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// variable is an environment variable that is set.
func (c *Config) variable(name string) key {
	for _, section := range []string{c.Backend.EnvSection(), envSection} {
		if s := settingOf(c.tree.Lookup(section, name)); s != nil {
			return key{path: []string{section, name}, value: c.Env[name], setting: s}
		}
	}
	return key{path: []string{envSection, name}, value: c.Env[name]}
}
