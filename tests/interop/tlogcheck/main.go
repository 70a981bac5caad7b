// Command tlogcheck verifies a static C2SP tlog-tiles log without any code of Accord.
//
//	tlogcheck DIR POLICY
//
// DIR holds checkpoint, tile/<L>/<N> and tile/entries/<N>; POLICY is a C2SP tlog-policy file with one
// group over its witnesses. The log signature is opened by golang.org/x/mod/sumdb/note, every hash and
// every proof is checked by golang.org/x/mod/sumdb/tlog. It prints one line of JSON, or fails.
package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// cosigner verifies timestamped cosignatures (type 0x04 of tlog-cosignature).
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }

func (c cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), msg)
	return ed25519.Verify(c.key, []byte(signed), sig[8:])
}

func newCosigner(vkey string) (cosigner, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return cosigner{}, errors.New("malformed vkey")
	}
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil {
		return cosigner{}, err
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != 4 {
		return cosigner{}, errors.New("not a cosigner key")
	}
	return cosigner{parts[0], uint32(hash), key[1:]}, nil
}

// policy is a tlog-policy file with a single group.
type policy struct {
	logs      []note.Verifier
	witnesses []note.Verifier
	quorum    int
}

func readPolicy(path string) (p policy, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return p, err
	}
	for _, line := range strings.Split(string(data), "\n") {
		words := strings.Fields(line)
		switch {
		case len(words) == 2 && words[0] == "log":
			v, err := note.NewVerifier(words[1])
			if err != nil {
				return p, err
			}
			p.logs = append(p.logs, v)
		case len(words) == 3 && words[0] == "witness":
			v, err := newCosigner(words[2])
			if err != nil {
				return p, err
			}
			p.witnesses = append(p.witnesses, v)
		case len(words) > 3 && words[0] == "group":
			if p.quorum, err = strconv.Atoi(words[2]); err != nil {
				return p, err
			}
		}
	}
	if len(p.logs) == 0 || p.quorum < 1 {
		return p, errors.New("policy without log or quorum")
	}
	return p, nil
}

// folder reads tiles as tlog wants them; C2SP paths lack the tile height.
type folder string

func (f folder) Height() int                      { return height }
func (f folder) SaveTiles([]tlog.Tile, [][]byte)  {}
func (f folder) read(path string) ([]byte, error) { return os.ReadFile(filepath.Join(string(f), path)) }
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, tile := range tiles {
		data, err := f.read(strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
		if err != nil && tile.W < 1<<height { // a partial tile may have given way to the full one
			width := tile.W
			tile.W = 1 << height
			data, err = f.read(strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
			if err == nil {
				data = data[:width*tlog.HashSize]
			}
		}
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}

// entries reads one entry bundle.
func (f folder) entries(n int64, width int) ([][]byte, error) {
	path := func(w int) string {
		return strings.Replace(tlog.Tile{H: height, L: 0, N: n, W: w}.Path(), "tile/8/0/", "tile/entries/", 1)
	}
	data, err := f.read(path(width))
	if err != nil {
		if data, err = f.read(path(1 << height)); err != nil {
			return nil, err
		}
	}
	var out [][]byte
	for len(out) < width {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("bundle %d is too short", n)
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		out, data = append(out, data[2:end]), data[end:]
	}
	return out, nil
}

func parseCheckpoint(text string) (origin string, tree tlog.Tree, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return "", tree, errors.New("expected three lines")
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return "", tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return lines[0], tree, err
}

func open(dir folder, p policy) (origin string, tree tlog.Tree, cosigners int, err error) {
	data, err := dir.read("checkpoint")
	if err != nil {
		return
	}
	log, err := note.Open(data, note.VerifierList(p.logs...))
	if err != nil {
		return "", tree, 0, fmt.Errorf("log signature: %w", err)
	}
	seen, err := note.Open(data, note.VerifierList(p.witnesses...))
	if err != nil {
		return "", tree, 0, fmt.Errorf("cosignatures: %w", err)
	}
	names := map[string]bool{}
	for _, sig := range seen.Sigs {
		names[sig.Name] = true
	}
	if len(names) < p.quorum {
		return "", tree, 0, fmt.Errorf("%d cosignatures of %d", len(names), p.quorum)
	}
	origin, tree, err = parseCheckpoint(log.Text)
	if err == nil && log.Sigs[0].Name != origin {
		err = errors.New("the log key does not have the name of the log")
	}
	return origin, tree, len(names), err
}

// rebuild hashes every entry again; it gives the root and the record hashes.
func rebuild(dir folder, size int64) (root tlog.Hash, records []tlog.Hash, err error) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, index := range indexes {
			out = append(out, stored[index])
		}
		return out, nil
	})
	for at := int64(0); at < size; {
		width := min(int64(1<<height), size-at)
		entries, err := dir.entries(at>>height, int(width))
		if err != nil {
			return root, nil, err
		}
		for _, entry := range entries {
			hashes, err := tlog.StoredHashes(at, entry, reader)
			if err != nil {
				return root, nil, err
			}
			stored = append(stored, hashes...)
			records = append(records, tlog.RecordHash(entry))
			at++
		}
	}
	root, err = tlog.TreeHash(size, reader)
	return root, records, err
}

func run(dir folder, policyFile string) error {
	p, err := readPolicy(policyFile)
	if err != nil {
		return err
	}
	origin, tree, cosigners, err := open(dir, p)
	if err != nil {
		return err
	}
	root, records, err := rebuild(dir, tree.N)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return fmt.Errorf("entries give root %v, the checkpoint says %v", root, tree.Hash)
	}
	tiles := tlog.TileHashReader(tree, dir)
	for at, record := range records {
		proof, err := tlog.ProveRecord(tree.N, int64(at), tiles)
		if err != nil {
			return fmt.Errorf("record %d: %w", at, err)
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(at), record); err != nil {
			return fmt.Errorf("record %d: %w", at, err)
		}
	}
	older := max(tree.N/2, 1)
	proof, err := tlog.ProveTree(tree.N, older, tiles)
	if err != nil {
		return err
	}
	oldRoot, err := tlog.TreeHash(older, tiles)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, tree.N, tree.Hash, older, oldRoot); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"origin": origin, "size": tree.N, "root": tree.Hash.String(), "cosigners": cosigners,
	})
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: tlogcheck DIR POLICY")
		os.Exit(2)
	}
	if err := run(folder(os.Args[1]), os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
