package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// search looks for texts in every file below dir, also inside zip archives such
// as a saved plan, and returns the files that hold one, relative to dir. A text
// is found as it is and as JSON and URLs write it.
func search(dir string, texts ...string) (found []string, files int, err error) {
	var needles [][]byte
	for _, text := range texts {
		needles = append(needles, forms(text)...)
	}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		parts, err := unpack(content)
		if err != nil {
			return fmt.Errorf("%s: %w", entry.Name(), err)
		}
		files++
		if slices.ContainsFunc(parts, func(part []byte) bool {
			return slices.ContainsFunc(needles, func(needle []byte) bool { return bytes.Contains(part, needle) })
		}) {
			name, err := filepath.Rel(dir, path)
			if err != nil {
				return err
			}
			found = append(found, filepath.ToSlash(name))
		}
		return nil
	})
	return found, files, err
}

// forms are the ways in which an artefact may write a text.
func forms(text string) [][]byte {
	ways := map[string]bool{text: true, url.QueryEscape(text): true, url.PathEscape(text): true}
	for _, html := range []bool{true, false} {
		var quoted bytes.Buffer
		encoder := json.NewEncoder(&quoted)
		encoder.SetEscapeHTML(html)
		_ = encoder.Encode(text)
		ways[strings.TrimSuffix(quoted.String(), "\"\n")[1:]] = true
	}
	var all [][]byte
	for _, way := range slices.Sorted(maps.Keys(ways)) {
		all = append(all, []byte(way))
	}
	return all
}

// unpack returns a file's content and, of a zip archive, that of its members.
func unpack(content []byte) ([][]byte, error) {
	parts := [][]byte{content}
	if !bytes.HasPrefix(content, []byte("PK\x03\x04")) {
		return parts, nil
	}
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, err
	}
	for _, member := range archive.File {
		reader, err := member.Open()
		if err != nil {
			return nil, err
		}
		part, err := io.ReadAll(reader)
		_ = reader.Close()
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return parts, nil
}
