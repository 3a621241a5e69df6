// Package browser opens pages in a headless Chromium, for tests of what a
// page does there and for pictures of it. Nothing that is shipped imports it.
//
//	b, err := browser.Start(ctx)
//	defer b.Close()
//	page, err := b.Open("report.html", browser.View{Width: 360, Dark: true})
//	fmt.Println(page.Problems, page.Requests)
package browser

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// ErrNone reports that no browser is installed.
var ErrNone = errors.New("no Chromium is installed (looked for chromium, chromium-browser, google-chrome; or name one in BROWSER)")

// names are what the program is called, by distribution.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// Find returns the path of the browser, or ErrNone.
func Find() (string, error) {
	candidates := names
	if own := os.Getenv("BROWSER"); own != "" {
		candidates = []string{own}
	}
	for _, name := range candidates {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrNone
}

// Browser is a running Chromium.
type Browser struct {
	ctx    context.Context
	cancel context.CancelFunc
}

// Start starts one. Close ends it, and so does the end of ctx.
func Start(ctx context.Context) (*Browser, error) {
	path, err := Find()
	if err != nil {
		return nil, err
	}
	options := slices.Concat(chromedp.DefaultExecAllocatorOptions[:], []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.WSURLReadTimeout(time.Minute), chromedp.Flag("hide-scrollbars", true),
		// Pages are our own files. As root, and in many containers, Chromium's sandbox cannot start.
		chromedp.NoSandbox,
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("font-render-hinting", "none"),
	})
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	ctx, cancel := chromedp.NewContext(ctx)
	b := &Browser{ctx, func() { cancel(); stop() }}
	if err := chromedp.Do(ctx); err != nil {
		b.Close()
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	return b, nil
}

// Close ends the browser and waits until it is gone.
func (b *Browser) Close() { b.cancel() }

// View is how a page is looked at. The zero height is 900.
type View struct {
	Width, Height int64
	Dark, Print   bool
	// Scale is device pixels a CSS pixel, 1 where it is 0.
	Scale float64
}

// Page is an open page.
type Page struct {
	ctx   context.Context
	close context.CancelFunc
	mu    sync.Mutex
	// problems are errors of the console and of scripts, requests what was asked for beside the page itself.
	problems, requests []string
}

// Open opens a file in a tab of its own.
func (b *Browser) Open(file string, v View) (*Page, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, fmt.Errorf("opening a page: %w", err)
	}
	address := (&url.URL{Scheme: "file", Path: abs}).String()
	ctx, cancel := chromedp.NewContext(b.ctx)
	p := &Page{ctx: ctx, close: cancel}
	err = chromedp.Listen(ctx, func(event any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if e.Request.URL != address {
				p.requests = append(p.requests, e.Request.URL)
			}
		case *runtime.EventExceptionThrown:
			p.problems = append(p.problems, e.ExceptionDetails.Text)
		case *runtime.EventConsoleAPICalled:
			p.problems = append(p.problems, "console."+string(e.Type))
		case *cdplog.EventEntryAdded:
			p.problems = append(p.problems, e.Entry.Text)
		case *page.EventJavascriptDialogOpening:
			p.problems = append(p.problems, "dialog: "+e.Message)
			// It ends with the tab.
			go func() { _, _ = chromedp.Call(ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{}) }()
		}
	})
	if err != nil {
		cancel()
		return nil, fmt.Errorf("opening a tab: %w", err)
	}
	if _, err = chromedp.Call(ctx, network.Enable, network.EnableParams{}); err == nil {
		if err = p.Look(v); err == nil {
			err = chromedp.Do(ctx, chromedp.Navigate(address))
		}
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("opening %s: %w", file, err)
	}
	return p, nil
}

// Look changes how the page is looked at.
func (p *Page) Look(v View) error {
	scheme, media := "light", ""
	if v.Dark {
		scheme = "dark"
	}
	if v.Print {
		media = "print"
	}
	_, err := chromedp.Call(p.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: v.Width, Height: cmp.Or(v.Height, 900), DeviceScaleFactor: cmp.Or(v.Scale, 1),
	})
	if err == nil {
		_, err = chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Media: media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
	}
	if err != nil {
		return fmt.Errorf("setting the view: %w", err)
	}
	return nil
}

// Close closes the tab.
func (p *Page) Close() { p.close() }

// Problems are the errors of console and scripts so far.
func (p *Page) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.problems)
}

// Requests are the addresses that were asked for beside the page.
func (p *Page) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}

// Eval evaluates a script and decodes its value into v, unless that is nil.
func (p *Page) Eval(script string, v any) error {
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[[]byte](script))
	if err == nil && v != nil {
		err = json.Unmarshal(value, v)
	}
	if err != nil {
		return fmt.Errorf("evaluating %q: %w", strings.TrimSpace(script), err)
	}
	return nil
}

// Move puts the pointer at a place of the view.
func (p *Page) Move(x, y float64) error {
	return chromedp.Do(p.ctx, chromedp.MouseEvent("mouseMoved", x, y))
}

// Press presses keys, as chromedp's package kb names them.
func (p *Page) Press(keys string) error { return chromedp.Do(p.ctx, chromedp.KeyEvent(keys)) }

// Screenshot is a PNG of the view, or of the whole page.
func (p *Page) Screenshot(whole bool) ([]byte, error) {
	action := chromedp.CaptureScreenshot()
	if whole {
		action = chromedp.FullScreenshot(100)
	}
	png, err := chromedp.Run(p.ctx, action)
	if err != nil {
		return nil, fmt.Errorf("taking a picture: %w", err)
	}
	return png, nil
}
