package check

import (
	"fmt"
	"strings"

	"mlcfg/internal/backend"
	"mlcfg/internal/diag"
)

// apartKeys are the keys of engines for prefill and for decode apart. Those that
// start with a role's name are the role's.
const (
	prefills, decodes           = "prefills_count", "decodes_count"
	totalPrefills, totalDecodes = "total_prefills_count", "total_decodes_count"
)

var apartKeys = []string{
	prefills, decodes, totalPrefills, totalDecodes, "prefill_schedule_algo", "decode_schedule_algo",
	"kv_connector", "kv_buffer_size", "kv_buffer_size_prefill", "kv_buffer_size_decode",
}

// apart holds engines for prefill and for decode apart to what the harness checks when
// it starts, and says that mlrun does not start them.
func apart(c *Config, found *diag.List) {
	on, ok := c.harness("disagg")
	if !ok || on.value != true {
		for _, name := range apartKeys {
			if k, set := c.harness(name); set && k.setting.Layer != "base" {
				c.report(found, diag.Diagnostic{
					Severity: diag.Warning, Code: "unread-key",
					Message: fmt.Sprintf("the harness reads %s only where disagg is true", name),
				}, k)
			}
		}
		for _, name := range c.Backend.RoleSections() {
			if t := c.tree.Lookup(name); t != nil && len(t.Fields) > 0 && settingOf(t).Layer != "base" {
				c.report(found, diag.Diagnostic{
					Severity: diag.Warning, Code: "unread-key",
					Message: fmt.Sprintf("the harness reads %s only where disagg is true", name),
				}, key{path: []string{name}, setting: settingOf(t)})
			}
		}
		return
	}
	if !c.Backend.PrefillApart {
		var with []string
		for _, b := range backend.All() {
			if b.PrefillApart {
				with = append(with, b.Name+" of "+b.Engine)
			}
		}
		c.report(found, diag.Diagnostic{
			Severity: diag.Warning, Code: "unread-key",
			Message: fmt.Sprintf("with backend %s the harness does not read disagg", c.Backend.Name),
			Hint:    "backend " + strings.Join(with, " and ") + " has engines for prefill and for decode apart",
		}, on)
		return
	}
	c.report(found, diag.Diagnostic{
		Severity: diag.Warning, Code: "no-effect",
		Message: "disagg is checked here and not carried out: mlrun starts engines that do both prefill and decode",
	}, on)
	for _, name := range []string{prefills, decodes, "kv_connector"} {
		if _, set := c.harness(name); !set && !c.faulty[harnessSection+"."+name] {
			c.report(found, diag.Diagnostic{
				Code: "missing-key", Key: harnessSection + "." + name,
				Message: fmt.Sprintf("%s lacks %s, which disagg needs", harnessSection, name),
			}, on)
		}
	}
	p, okP := c.harness(prefills)
	d, okD := c.harness(decodes)
	np, isP := p.int()
	nd, isD := d.int()
	for _, pair := range [][2]string{{totalPrefills, prefills}, {totalDecodes, decodes}} {
		total, okT := c.harness(pair[0])
		here, okH := c.harness(pair[1])
		t, isT := total.int()
		h, isH := here.int()
		if okT && okH && isT && isH && t < h {
			c.report(found, diag.Diagnostic{
				Code: "replicas", Message: fmt.Sprintf("%s %d is below %s %d, those of this machine", pair[0], t, pair[1], h),
			}, total, here)
		}
	}
	// On its command line the head has the devices of all machines.
	totalP, okTP := c.harness(totalPrefills)
	totalD, okTD := c.harness(totalDecodes)
	tp, isTP := totalP.int()
	td, isTD := totalD.int()
	ofAll := okTP && okTD && isTP && isTD && c.fillDevices(tp, td)
	switch {
	case !okP || !okD || !isP || !isD:
	case np+nd == 0:
		c.report(found, diag.Diagnostic{
			Code: "replicas", Message: fmt.Sprintf("%s and %s are both 0: a machine has an engine at least", prefills, decodes),
		}, p, d)
	case !c.fillDevices(np, nd) && !ofAll:
		devices, _ := c.harness("device_count")
		size, _, _ := c.engineSize()
		c.report(found, diag.Diagnostic{
			Code:    "replicas",
			Message: fmt.Sprintf("%d engines for prefill and %d for decode of %d devices each are not device_count %v", np, nd, size, devices.value),
		}, devices, p, d)
	}
}

// fillDevices reports whether so many engines take device_count, or that cannot be told.
func (c *Config) fillDevices(prefill, decode int64) bool {
	devices, okC := c.harness("device_count")
	count, isC := devices.int()
	size, _, okS := c.engineSize()
	if !okC || !isC || !okS {
		return true
	}
	return prefill <= count && decode <= count && size <= count && (prefill+decode)*size == count
}
