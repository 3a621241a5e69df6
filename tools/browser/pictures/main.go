// Command pictures takes pictures of a page, light and dark:
//
//	go run ./tools/browser/pictures -out docs/images/report report.html
//
// writes docs/images/report.png and docs/images/report-dark.png.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"mlcfg/internal/atomicfile"
	"mlcfg/tools/browser"
)

func main() {
	out := flag.String("out", "report", "`NAME` of the pictures, without .png")
	width := flag.Int64("width", 1200, "width of the view")
	height := flag.Int64("height", 1500, "height of the view")
	whole := flag.Bool("whole", false, "the whole page, however long")
	scale := flag.Float64("scale", 1, "device pixels a CSS pixel")
	open := flag.Bool("open", false, "open what is folded")
	only := flag.String("only", "", "light or dark `SCHEME` alone")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: pictures [-out NAME] PAGE")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := take(ctx, flag.Arg(0), *out, *only, *open, *whole, browser.View{Width: *width, Height: *height, Scale: *scale}); err != nil {
		fmt.Fprintln(os.Stderr, "pictures:", err)
		os.Exit(2)
	}
}

func take(ctx context.Context, file, out, only string, open, whole bool, view browser.View) error {
	b, err := browser.Start(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	for _, scheme := range []struct {
		name, suffix string
		dark         bool
	}{{"light", "", false}, {"dark", "-dark", true}} {
		if only != "" && only != scheme.name {
			continue
		}
		view.Dark = scheme.dark
		page, err := b.Open(file, view)
		if err != nil {
			return err
		}
		if open {
			if err := page.Eval(`document.querySelectorAll('details').forEach((d) => { d.open = true; })`, nil); err != nil {
				return err
			}
		}
		png, err := page.Screenshot(whole)
		page.Close()
		if err != nil {
			return err
		}
		if err := atomicfile.Write(out+scheme.suffix+".png", png, 0o644); err != nil {
			return err
		}
	}
	return nil
}
