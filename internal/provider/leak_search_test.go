package provider

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// planted is a text that no artefact may have, and what it is.
type planted struct{ what, text string }

// form is a planted text in one of the ways in which an artefact may have it.
type form struct{ what, way, text string }

const (
	partLength = 10 // characters of a part of a secret that count as the secret
	keyLength  = 8  // bytes by which a form is found; none is shorter
)

// word is a part of a secret that no encoding of texts changes.
var word = regexp.MustCompile(`[A-Za-z0-9]{12,}`)

// forms are the ways in which an artefact may have a text: as it is, as JSON and URLs
// escape it, in JSON that is text in JSON, in base64 and in hexadecimal on its own and
// in the middle of more, and its SHA-256.
func (p planted) forms() []form {
	return append(p.formsOf(p.text), hashForms(p.what, "as its SHA-256", p.text)...)
}

// formsOfParts are those of parts of a text as well. The text has to be random.
func (p planted) formsOfParts() []form {
	all := p.forms()
	if p.text == firstPassword {
		return all // It is made of words.
	}
	for _, part := range word.FindAllString(p.text, -1) {
		all = append(all, p.formsOf(part)...)
	}
	if len(p.text) > 2*partLength {
		all = append(append(all, p.formsOf(p.text[:partLength])...), p.formsOf(p.text[len(p.text)-partLength:])...)
	}
	return all
}

func (p planted) formsOf(text string) []form {
	var all []form
	add := func(way string, texts ...string) {
		for _, text := range texts {
			if len(text) >= keyLength {
				all = append(all, form{p.what, way, text})
			}
		}
	}
	add("as it is", text)
	add("in base64", inBase64(text)...)
	for _, html := range []bool{false, true} {
		quoted := quotedJSON(text, html)
		add("in JSON", quoted)
		add("in JSON in JSON", quotedJSON(quoted, html))
		add("in base64", inBase64(quoted)...)
	}
	add("in a URL", url.QueryEscape(text), url.PathEscape(text))
	add("in hexadecimal", hex.EncodeToString([]byte(text)), strings.ToUpper(hex.EncodeToString([]byte(text))))
	add("as bytes", strings.Trim(fmt.Sprintf("%d", []byte(text)), "[]"))
	return all
}

// hashForms are the ways in which an artefact may have the SHA-256 of a text.
func hashForms(what, way, text string) []form {
	sum := sha256.Sum256([]byte(text))
	var all []form
	for _, raw := range []string{string(sum[:]), hex.EncodeToString(sum[:]), strings.ToUpper(hex.EncodeToString(sum[:]))} {
		for _, text := range append(inBase64(raw), raw) {
			all = append(all, form{what, way, text})
		}
	}
	return all
}

// inBase64 are the ways in which a text stands in the middle of base64. What is before
// and after it changes the characters at its ends, which are left out.
func inBase64(text string) []string {
	var all []string
	for before, start := range []int{0, 2, 3} {
		encoded := base64.RawStdEncoding.EncodeToString(append(make([]byte, before), text...))
		encoded = encoded[start:max(start, len(encoded)-1)]
		all = append(all, encoded, strings.NewReplacer("+", "-", "/", "_").Replace(encoded))
	}
	return all
}

// quotedJSON is a text as JSON writes it, without the quotes.
func quotedJSON(text string, html bool) string {
	var quoted bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(html)
	_ = encoder.Encode(text)
	return strings.TrimSuffix(quoted.String(), "\"\n")[1:]
}

// search looks for many forms at once.
type search map[uint64][]form

func searchFor(forms ...form) search {
	s := search{}
	for _, f := range forms {
		key := binary.LittleEndian.Uint64([]byte(f.text[:keyLength]))
		s[key] = append(s[key], f)
	}
	return s
}

// in says what a content shows, and in which way: never the text itself.
func (s search) in(content string) []string {
	found := map[string]bool{}
	raw := []byte(content)
	for i := range max(0, len(raw)-keyLength+1) {
		for _, f := range s[binary.LittleEndian.Uint64(raw[i:])] {
			if strings.HasPrefix(content[i:], f.text) {
				found[f.what+", "+f.way] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// shown returns which of some secrets a text shows.
func shown(text string, secrets ...string) []string {
	return slices.DeleteFunc(slices.Clone(secrets), func(secret string) bool {
		return len(searchFor(planted{"a secret", secret}.forms()...).in(text)) == 0
	})
}

// shownNothing fails the test if texts show the planted password.
func shownNothing(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if len(shown(text, firstPassword)) > 0 {
			t.Errorf("The planted password is in %q.", text)
		}
	}
}

// collect reads all files below a directory, and what is packed in them.
func collect(t *testing.T, dir string, into map[string]string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		into[name] = string(content)
		packed, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
		if errors.Is(err, zip.ErrFormat) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, member := range packed.File {
			r, err := member.Open()
			if err != nil {
				return err
			}
			content, err := io.ReadAll(r)
			if err != nil {
				return err
			}
			into[name+"!"+member.Name] = string(content)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestSearchFinds writes a secret into files in every way in which the search is to
// find it, and others in which there is nothing to find.
func TestSearchFinds(t *testing.T) {
	t.Parallel()
	const secret, other = `Pl4nted<é>&"\/+ %'secret0123456789`, `Another<é>&"\/+ %'secret9876543210`
	encode := func(text string) string {
		encoded, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		return string(encoded)
	}
	search := searchFor(planted{"a secret", secret}.formsOfParts()...)
	for way, write := range map[string]func(string) string{
		"as it is":             func(s string) string { return "password=" + s + "\n" },
		"its beginning":        func(s string) string { return s[:partLength] + "…" },
		"its end":              func(s string) string { return "…" + s[len(s)-partLength:] },
		"JSON":                 func(s string) string { return `{"password":` + encode(s) + "}" },
		"JSON in JSON":         func(s string) string { return encode(`{"password":` + encode(s) + "}") },
		"JSON in JSON in JSON": func(s string) string { return encode(encode(`{"password":` + encode(s) + "}")) },
		"Go":                   func(s string) string { return fmt.Sprintf("%q", s) },
		"bytes":                func(s string) string { return fmt.Sprintf("%d", []byte(s)) },
		"query":                func(s string) string { return "https://host/?p=" + url.QueryEscape(s) + "&x" },
		"path":                 func(s string) string { return "https://host/" + url.PathEscape(s) + "/x" },
		"user info":            func(s string) string { return "https://" + url.UserPassword("app", s).String() + "@host/" },
		"base64":               func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		"base64 after one":     func(s string) string { return base64.StdEncoding.EncodeToString([]byte("." + s + "...")) },
		"base64 after two":     func(s string) string { return base64.URLEncoding.EncodeToString([]byte(".." + s + "..")) },
		"base64 of JSON":       func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(`{"p":` + encode(s) + "}")) },
		"hexadecimal":          func(s string) string { return hex.EncodeToString([]byte("x" + s + "x")) },
		"capital hexadecimal":  func(s string) string { return fmt.Sprintf("%X", s) },
		"SHA-256":              func(s string) string { sum := sha256.Sum256([]byte(s)); return string(sum[:]) },
		"SHA-256, hexadecimal": func(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) },
		"SHA-256 in private": func(s string) string {
			return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"hash":"%x"}`, sha256.Sum256([]byte(s))))
		},
		"SHA-256, base64": func(s string) string {
			sum := sha256.Sum256([]byte(s))
			return base64.StdEncoding.EncodeToString(sum[:])
		},
	} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			var packed bytes.Buffer
			archive := zip.NewWriter(&packed)
			files := map[string]string{}
			for text, name := range map[string]string{secret: "secret", other: "other"} {
				member, err := archive.Create(name)
				if err == nil {
					_, err = io.WriteString(member, write(text))
				}
				if err != nil {
					t.Fatal(err)
				}
				files[name] = write(text)
			}
			if err := archive.Close(); err != nil {
				t.Fatal(err)
			}
			files["plan"] = packed.String()
			for name, content := range files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			read := map[string]string{}
			collect(t, dir, read)
			for name, want := range map[string]bool{"secret": true, "other": false, "plan!secret": true, "plan!other": false} {
				if content, found := read[name]; !found || (len(search.in(content)) > 0) != want {
					t.Errorf("The secret is found in %s: %t", name, !want)
				}
			}
		})
	}
}
