package rotation

import "sync"

// memo keeps the answers of reads that many setups share, such as the policy of
// a function, for one run: each is asked for once, and again after a write.
type memo struct {
	mu      sync.Mutex
	entries map[string]*memoEntry
}

type memoEntry struct {
	once  sync.Once
	value any
	err   error
}

// recall returns the answer for a key and asks for it if need be. Failures are
// not kept.
func recall[T any](m *memo, key string, ask func() (T, error)) (T, error) {
	m.mu.Lock()
	if m.entries == nil {
		m.entries = map[string]*memoEntry{}
	}
	e, ok := m.entries[key]
	if !ok {
		e = &memoEntry{}
		m.entries[key] = e
	}
	m.mu.Unlock()
	e.once.Do(func() { e.value, e.err = ask() })
	if e.err != nil {
		m.mu.Lock()
		if m.entries[key] == e {
			delete(m.entries, key)
		}
		m.mu.Unlock()
	}
	value, _ := e.value.(T)
	return value, e.err
}

func (m *memo) forget(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.entries, key)
}
