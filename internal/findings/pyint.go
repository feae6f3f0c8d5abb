package findings

import (
	"math"
	"strconv"
	"strings"
	"unicode"
)

// pythonInt returns what int() makes of a value, and whether it is the same number. Numbers beyond any port are -1.
func pythonInt(v jsonValue) (n int, whole, ok bool) {
	switch v.kind {
	case jsonBool:
		if v.truth {
			n = 1
		}
		return n, true, true
	case jsonFloat:
		f, err := strconv.ParseFloat(v.text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return 0, false, false
		}
		if math.Abs(f) > math.MaxInt32 {
			return -1, f == math.Trunc(f), true
		}
		return int(f), f == math.Trunc(f), true
	case jsonInteger, jsonText:
		digits, negative := strings.TrimFunc(v.text, unicode.IsSpace), false
		if rest, ok := strings.CutPrefix(digits, "-"); ok {
			digits, negative = rest, true
		} else {
			digits = strings.TrimPrefix(digits, "+")
		}
		n, whole, ok = decimal(digits)
		if negative {
			n = -n
		}
		return n, whole, ok
	}
	return 0, false, false
}

// decimal reads decimal digits with single underscores between them. Digits of other scripts, which int() takes as well, are reported
// as not plain.
func decimal(s string) (n int, plain, ok bool) {
	plain = true
	count := 0
	for _, r := range s {
		switch {
		case r == '_' && ok:
			ok = false
			continue
		case r >= '0' && r <= '9':
			n, ok = min(n*10+int(r-'0'), math.MaxInt32), true
		case unicode.Is(unicode.Nd, r):
			plain, ok = false, true
		default:
			return 0, false, false
		}
		count++
	}
	return n, plain, ok && count <= maxDigits
}
