package importer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"mlcfg/schema"
)

// maxPackage bounds a download; the largest wheel needed so far has half a gigabyte.
const maxPackage = 2 << 30

// indexFile is one file of a project in the simple API of a package index
// (https://packaging.python.org/specifications/simple-repository-api/).
type indexFile struct {
	Filename string            `json:"filename"`
	URL      string            `json:"url"`
	Hashes   map[string]string `json:"hashes"`
	Size     int64             `json:"size"`
	Yanked   any               `json:"yanked"`
}

func (im Importer) index() string {
	base := im.Index
	if base == "" {
		base = os.Getenv("PIP_INDEX_URL")
	}
	if base == "" {
		base = "https://pypi.org/simple"
	}
	return strings.TrimSuffix(base, "/")
}

// project is the address of an engine's list of files.
func (im Importer) project(engine string) string {
	return im.index() + "/" + strings.ReplaceAll(packageOf(engine), "_", "-") + "/"
}

// Available lists the releases that the package index has, oldest first: the
// final ones, and the candidates of an engine that is used as such.
func (im Importer) Available(ctx context.Context, engine string) ([]string, error) {
	files, err := im.files(ctx, engine)
	if err != nil {
		return nil, err
	}
	var releases []string
	candidates := slices.ContainsFunc(schema.Releases(engine), schema.IsCandidate)
	for _, f := range files {
		if r := releaseOf(f.Filename, packageOf(engine)); r != "" && !slices.Contains(releases, r) && !f.yanked() && (candidates || !schema.IsCandidate(r)) {
			releases = append(releases, r)
		}
	}
	slices.SortFunc(releases, schema.CompareReleases)
	return releases, nil
}

func (f indexFile) yanked() bool {
	reason, isText := f.Yanked.(string)
	return f.Yanked == true || isText && reason != ""
}

// releaseOf reads the release out of NAME-RELEASE.tar.gz or
// NAME-RELEASE-TAGS.whl, "" for other files.
func releaseOf(filename, name string) string {
	rest, ok := strings.CutPrefix(filename, name+"-")
	if !ok {
		return ""
	}
	release, isSource := strings.CutSuffix(rest, ".tar.gz")
	if !isSource {
		var tags string
		if release, tags, _ = strings.Cut(rest, "-"); !strings.HasSuffix(tags, ".whl") {
			return ""
		}
	}
	if !schema.IsRelease(release) {
		return ""
	}
	return release
}

func (im Importer) files(ctx context.Context, engine string) ([]indexFile, error) {
	body, err := im.get(ctx, im.project(engine))
	if err != nil {
		return nil, err
	}
	defer body.Close()
	var answer struct {
		Files []indexFile `json:"files"`
	}
	if err := json.NewDecoder(body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("reading the index of %s: %w", engine, err)
	}
	return answer.Files, nil
}

func (im Importer) get(ctx context.Context, address string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("the address of the package index is not valid") // it may hold a password
	}
	req.Header.Set("Accept", "application/vnd.pypi.simple.v1+json, application/octet-stream;q=0.5")
	client := http.Client{CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if next.URL.Host != via[0].URL.Host || len(via) > 10 {
			return http.ErrUseLastResponse // what follows is for the host that was named
		}
		return nil
	}}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", req.URL.Host, errors.Unwrap(err))
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("%s answers %s for %s", req.URL.Host, resp.Status, req.URL.Path)
	}
	return resp.Body, nil
}

// download puts the smallest file of a release into the cache: all of them
// hold the definitions as text.
func (im Importer) download(ctx context.Context, spec Spec) (string, error) {
	cache := im.Cache
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("no folder for downloads: %w", err)
		}
		cache = filepath.Join(user, "mlcfg", "packages")
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	for _, pattern := range []string{"-*.whl", ".tar.gz"} {
		if have, _ := filepath.Glob(filepath.Join(cache, packageOf(spec.Engine)+"-"+spec.Release+pattern)); len(have) > 0 {
			return have[0], nil
		}
	}
	files, err := im.files(ctx, spec.Engine)
	if err != nil {
		return "", err
	}
	files = slices.DeleteFunc(files, func(f indexFile) bool { return releaseOf(f.Filename, packageOf(spec.Engine)) != spec.Release })
	if len(files) == 0 {
		return "", fmt.Errorf("the package index has no release %s of %s", spec.Release, spec.Engine)
	}
	file := slices.MinFunc(files, func(a, b indexFile) int { return int(a.Size - b.Size) })
	im.say("downloading %s (%.1f MB)", file.Filename, float64(file.Size)/1e6)
	return im.fetch(ctx, file, filepath.Join(cache, path.Base(file.Filename)), spec.Engine)
}

func (im Importer) fetch(ctx context.Context, file indexFile, target, engine string) (string, error) {
	base, err := url.Parse(im.project(engine))
	if err != nil {
		return "", errors.New("the address of the package index is not valid")
	}
	address, err := base.Parse(file.URL)
	if err != nil {
		return "", fmt.Errorf("the index gives no valid address for %s", file.Filename)
	}
	body, err := im.get(ctx, address.String())
	if err != nil {
		return "", err
	}
	defer body.Close()
	part, err := os.CreateTemp(filepath.Dir(target), ".download-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(part.Name())
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(part, sum), io.LimitReader(body, maxPackage))
	if err = errors.Join(err, part.Close()); err != nil {
		return "", fmt.Errorf("downloading %s: %w", file.Filename, err)
	}
	if want := file.Hashes["sha256"]; want != "" && want != hex.EncodeToString(sum.Sum(nil)) {
		return "", fmt.Errorf("%s (%d bytes) does not have the sha256 that the index gives", file.Filename, n)
	}
	return target, os.Rename(part.Name(), target)
}
