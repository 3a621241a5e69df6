package webreport

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"mlcfg/tools/browser"
)

// opened starts a browser, and skips the test where none is installed.
func opened(t *testing.T) *browser.Browser {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED: a browser is not started with -short")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	t.Cleanup(cancel)
	b, err := browser.Start(ctx)
	if errors.Is(err, browser.ErrNone) {
		t.Skipf("SKIPPED: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func view(t *testing.T, b *browser.Browser, file string, v browser.View) *browser.Page {
	t.Helper()
	p, err := b.Open(file, v)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func eval[T any](t *testing.T, p *browser.Page, script string) T {
	t.Helper()
	var v T
	if err := p.Eval(script, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// overflow names the elements that reach beyond the page, but for those inside
// what scrolls by itself. Folded parts are unfolded first.
const overflow = `(() => {
  document.querySelectorAll('details').forEach((d) => { d.open = true; });
  const wide = document.documentElement.clientWidth;
  const found = [];
  if (document.documentElement.scrollWidth > wide) found.push('page: ' + document.documentElement.scrollWidth + ' of ' + wide);
  for (const e of document.querySelectorAll('body *')) {
    if (e.closest('.scroll > *, script')) continue;
    const box = e.getBoundingClientRect();
    if (box.width && (box.right > wide + 1 || box.left < -1)) found.push(e.tagName + '.' + (e.getAttribute('class') || '') + ': ' + (e.textContent || '').slice(0, 40));
  }
  return found.slice(0, 5);
})()`

// unnamed lists what a screen reader or a keyboard could do nothing with.
const unnamed = `[...document.querySelectorAll('svg.plot:not([aria-label]), .scroll:not([tabindex][aria-label]), svg.plot[data-at]:not([tabindex]), table:not(:has(tbody))')].map((e) => e.outerHTML.slice(0, 80))`

// TestInBrowser opens the page of every case, narrow and wide, light and dark:
// no error of the console, no request, nothing that reaches beyond the page,
// the colours of the scheme, and no script from a run's names.
func TestInBrowser(t *testing.T) {
	b := opened(t)
	dir := t.TempDir()
	for name, runs := range cases() {
		file := filepath.Join(dir, name+".html")
		if err := os.WriteFile(file, []byte(written(t, sheets(t, runs...))), 0o644); err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			p := view(t, b, file, browser.View{Width: 360})
			defer p.Close()
			for _, v := range []browser.View{{Width: 360}, {Width: 360, Dark: true}, {Width: 1600}, {Width: 1600, Dark: true}, {Width: 800, Print: true}} {
				if err := p.Look(v); err != nil {
					t.Fatal(err)
				}
				looksWell(t, p, v)
			}
			if found := eval[[]string](t, p, unnamed); len(found) > 0 {
				t.Errorf("not to be reached without eyes or pointer: %q", found)
			}
			if eval[bool](t, p, `'harmed' in window`) {
				t.Error("a name of a run became a script")
			}
			if problems, requests := p.Problems(), p.Requests(); len(problems)+len(requests) > 0 {
				t.Errorf("console %q, requests %q", problems, requests)
			}
		})
	}
}

func looksWell(t *testing.T, p *browser.Page, v browser.View) {
	t.Helper()
	if found := eval[[]string](t, p, overflow); len(found) > 0 && !v.Print {
		t.Errorf("%+v: reaches beyond the page: %q", v, found)
	}
	want := "rgb(255, 255, 255)"
	if v.Dark {
		want = "rgb(14, 17, 22)"
	}
	if got := eval[string](t, p, `getComputedStyle(document.body).backgroundColor`); got != want {
		t.Errorf("%+v: the page is %s, want %s", v, got, want)
	}
	if charts := eval[int](t, p, `[...document.querySelectorAll('svg.plot')].filter((s) => s.getBoundingClientRect().height < 40).length`); charts > 0 {
		t.Errorf("%+v: %d charts have no height", v, charts)
	}
}

// TestBrowserSeesFaults: the checks of TestInBrowser find what they look for.
func TestBrowserSeesFaults(t *testing.T) {
	b := opened(t)
	file := filepath.Join(t.TempDir(), "bad.html")
	text := `<!DOCTYPE html><body><div style="width:900px">wide</div><svg class="plot"></svg><img src="http://127.0.0.1:9/none.png"><script>console.error('x'); undefinedName();</script>`
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p := view(t, b, file, browser.View{Width: 360})
	if len(eval[[]string](t, p, overflow)) < 2 || len(eval[[]string](t, p, unnamed)) == 0 {
		t.Error("a page that is too wide, and a chart without a name, are not seen")
	}
	if problems, requests := strings.Join(p.Problems(), "\n"), p.Requests(); !strings.Contains(problems, "console.error") || !strings.Contains(problems, "Uncaught") || len(requests) != 1 {
		t.Errorf("console %q, requests %q", problems, requests)
	}
}

// TestPointing: values are shown by pointer and by keys, in all charts over time together.
func TestPointing(t *testing.T) {
	b := opened(t)
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(written(t, sheets(t, made(600, 2, nil)))), 0o644); err != nil {
		t.Fatal(err)
	}
	p := view(t, b, file, browser.View{Width: 1200})
	said := func(i int) string {
		return eval[string](t, p, fmt.Sprintf(`document.querySelectorAll('figure.chart output')[%d].textContent`, i))
	}
	box := eval[[]float64](t, p, `(() => { const s = document.querySelector('svg.plot'); s.scrollIntoView({block: 'center'}); const r = s.getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2]; })()`)
	before := said(0)
	if err := p.Move(box[0], box[1]); err != nil {
		t.Fatal(err)
	}
	if got := said(0); got == before || !strings.Contains(got, " ms: ") {
		t.Errorf("pointed at, the histogram says %q", got)
	}
	if err := p.Move(1, 1); err != nil {
		t.Fatal(err)
	}
	if got := said(0); got != before {
		t.Errorf("left, the histogram says %q", got)
	}
	// The keys move all charts over time.
	first := eval[int](t, p, `(() => { const all = [...document.querySelectorAll('figure.chart')]; const i = all.findIndex((f) => f.querySelector('svg[data-sync]')); all[i].querySelector('svg').focus(); return i; })()`)
	if err := p.Press(kb.End + kb.ArrowLeft); err != nil {
		t.Fatal(err)
	}
	for i := first; i < first+3; i++ {
		if got := said(i); !strings.Contains(got, "seconds since the start: ") {
			t.Errorf("chart %d says %q", i, got)
		}
	}
	if crosses := eval[int](t, p, `document.querySelectorAll('.cross').length`); crosses < 3 {
		t.Errorf("%d charts are marked", crosses)
	}
	if err := p.Press(kb.Escape); err != nil {
		t.Fatal(err)
	}
	if crosses := eval[int](t, p, `document.querySelectorAll('.cross').length`); crosses != 0 {
		t.Errorf("%d charts stay marked", crosses)
	}
}
