package report

import (
	"cmp"
	"slices"
	"strings"

	"mlcfg/internal/lazyregexp"
	"mlcfg/internal/record"
)

// Failure is one cause of failed requests.
type Failure struct {
	Cause    string  `json:"cause"`
	Requests uint64  `json:"requests"`
	FirstS   float64 `json:"first_s"`
}

// mostCauses bounds the list of causes; the rest is one line.
const mostCauses = 20

// failures groups the failed requests by cause, the most frequent first.
func failures(rows *record.Table) []Failure {
	byCause := map[string]*Failure{}
	for _, r := range rows.All() {
		if r.OK() {
			continue
		}
		name := cause(r)
		f := byCause[name]
		if f == nil {
			f = &Failure{Cause: name, FirstS: r.Scheduled.Seconds()}
			byCause[name] = f
		}
		f.Requests++
		f.FirstS = min(f.FirstS, r.Scheduled.Seconds())
	}
	var out []Failure
	for _, f := range byCause {
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b Failure) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Cause, b.Cause))
	})
	if len(out) > mostCauses {
		rest := Failure{Cause: "other causes", FirstS: out[mostCauses].FirstS}
		for _, f := range out[mostCauses:] {
			rest.Requests += f.Requests
			rest.FirstS = min(rest.FirstS, f.FirstS)
		}
		out = append(out[:mostCauses:mostCauses], rest)
	}
	return out
}

// cause is what failed requests are counted under: the message without what
// each has of its own, as how many bytes had come, or the request's id. An HTTP
// status stays.
func cause(r *record.Record) string {
	if r.Error == "" {
		return string(r.Status)
	}
	var b strings.Builder
	from := 0
	for _, at := range word.FindAllStringIndex(r.Error, -1) {
		before, w := r.Error[:at[0]], r.Error[at[0]:at[1]]
		b.WriteString(r.Error[from:at[0]])
		from = at[1]
		if status := strings.HasSuffix(before, "status ") || strings.HasSuffix(before, "HTTP "); !status || strings.Trim(w, digits) != "" {
			w = common(w)
		}
		b.WriteString(w)
	}
	b.WriteString(r.Error[from:])
	return b.String()
}

// word is a UUID, whose groups may be letters alone, or what stands between
// characters that are neither letter nor digit.
var word = lazyregexp.New(`[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9A-Za-z]+`)

const (
	digits    = "0123456789"
	hexDigits = digits + "abcdefABCDEF"
	// idLength is from how many letters and digits on a word is taken for an id.
	idLength = 8
)

// common is a word without what is a request's own: a number, in hexadecimal
// too, or an id becomes N; of any other word its digits do.
func common(w string) string {
	hasDigit := strings.ContainsAny(w, digits)
	inHex := strings.Trim(strings.TrimPrefix(w, "0x"), hexDigits) == ""
	switch {
	case len(w) >= idLength && (hasDigit || inHex), hasDigit && inHex:
		return "N"
	case !hasDigit:
		return w
	}
	var b strings.Builder
	for i := range len(w) {
		switch number := strings.IndexByte(digits, w[i]) >= 0; {
		case !number:
			b.WriteByte(w[i])
		case i == 0 || strings.IndexByte(digits, w[i-1]) < 0:
			b.WriteByte('N')
		}
	}
	return b.String()
}
