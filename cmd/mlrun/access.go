package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"mlcfg/internal/engine"
	"mlcfg/internal/plainfile"
)

// accessFlags are what an engine's front wants of those who ask. Values are secrets: they stand
// in no manifest, plan, record or message.
type accessFlags struct {
	keyEnv, certificates string
	headers              cli.StringSlice
}

// list are the flags; when is what their help begins with where they hold for some runs only.
func (f *accessFlags) list(when string) []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "api-key-env", Usage: when + "send the key in environment variable `NAME` as Authorization: Bearer", Destination: &f.keyEnv},
		&cli.StringSliceFlag{Name: "header", Usage: when + "send a header (`NAME: VALUE`) with every request; $VARIABLE as the value is that variable's", Destination: &f.headers},
		&cli.StringFlag{Name: "cacert", Usage: when + "trust the certificates in `FILE` (PEM) in addition to the system's", Destination: &f.certificates},
	}
}

// maxCertificates bounds the file of certificates, in bytes.
const maxCertificates = 16 << 20

// read turns the flags into what requests carry.
func (f *accessFlags) read(host engine.Host) (engine.Access, error) {
	variable := func(flag, name string) (string, error) {
		at := slices.IndexFunc(host.Environ, func(e string) bool { return strings.HasPrefix(e, name+"=") })
		if name == "" || at < 0 || strings.TrimSpace(host.Environ[at][len(name)+1:]) == "" {
			return "", withHint("export "+name+"=... before", "--%s: the environment variable %s is not set", flag, name)
		}
		return strings.TrimSpace(host.Environ[at][len(name)+1:]), nil
	}
	var headers []string
	if f.keyEnv != "" {
		key, err := variable("api-key-env", f.keyEnv)
		if err != nil {
			return engine.Access{}, err
		}
		headers = append(headers, "Authorization: Bearer "+key)
	}
	for _, h := range f.headers.Value() {
		name, value, _ := strings.Cut(h, ":")
		if v, ok := strings.CutPrefix(strings.TrimSpace(value), "$"); ok {
			text, err := variable("header", v)
			if err != nil {
				return engine.Access{}, err
			}
			h = name + ": " + text
		}
		headers = append(headers, h)
	}
	var certificates []byte
	if f.certificates != "" {
		var err error
		if certificates, err = plainfile.Read(context.Background(), f.certificates, maxCertificates); err != nil {
			return engine.Access{}, fmt.Errorf("--cacert: %w", err)
		}
	}
	a, err := engine.NewAccess(headers, certificates)
	if err != nil && certificates != nil {
		return a, fmt.Errorf("--cacert %s: %w", f.certificates, err)
	}
	if err != nil {
		return a, withHint(`--header "X-Team: infra"`, "--header: %w", err)
	}
	return a, nil
}
