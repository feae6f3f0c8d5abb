package rotators

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"sync"
)

// Errors of UserStore.
var (
	ErrUserExists = errors.New("the user exists already")
	ErrNoUser     = errors.New("there is no such user")
)

// UserStore is a set of user names and passwords in memory, for rotations on machines without a database. The zero value is an empty
// store. It is safe for concurrent use.
type UserStore struct {
	mu    sync.RWMutex
	users map[string]string
}

// CreateUser adds a user, or returns ErrUserExists.
func (s *UserStore) CreateUser(name, password string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.users[name]; ok {
		return ErrUserExists
	}
	if s.users == nil {
		s.users = map[string]string{}
	}
	s.users[name] = password
	return nil
}

// Login tells whether the user exists and has this password.
func (s *UserStore) Login(name, password string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	want, ok := s.users[name]
	return ok && subtle.ConstantTimeCompare([]byte(want), []byte(password)) == 1
}

// SetPassword changes a user's password, or returns ErrNoUser.
func (s *UserStore) SetPassword(name, password string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.users[name]; !ok {
		return ErrNoUser
	}
	s.users[name] = password
	return nil
}

// storeDatabase is a UserStore as the database of a single-user rotation.
type storeDatabase struct {
	in    *invocation
	users *UserStore
}

func openUserStore(in *invocation) database {
	if in.env.Users == nil {
		return storeDatabase{in, new(UserStore)}
	}
	return storeDatabase{in, in.env.Users}
}

func (storeDatabase) engines() []string { return []string{"labstore"} }
func (storeDatabase) label() string     { return "the lab's user store" }

// login connects to the secret's host and port, by default that of PostgreSQL, as far as the function's network knows them.
func (d storeDatabase) login(ctx context.Context, secret document) (session, error) {
	port, err := secret.port()
	if err != nil {
		return nil, err
	}
	if _, err := d.in.connect(ctx, secret.text("host"), int(port)); err != nil {
		return nil, cmp.Or(ctx.Err(), errNoLogin)
	}
	username, hasUser := secret.string("username")
	password, hasPassword := secret.string("password")
	if !hasUser || !hasPassword || !d.users.Login(username, password) {
		return nil, errNoLogin
	}
	return storeSession{users: d.users, username: username, password: password}, nil
}

type storeSession struct {
	users              *UserStore
	username, password string
}

func (s storeSession) close(context.Context) {}

func (s storeSession) setPassword(_ context.Context, username, password string) error {
	if err := s.users.SetPassword(username, password); err != nil {
		return newError("OperationalError", "%s", err)
	}
	return nil
}

// test fails when the password was changed after the login.
func (s storeSession) test(context.Context) error {
	if !s.users.Login(s.username, s.password) {
		return newError("OperationalError", "the password of user %s has changed", s.username)
	}
	return nil
}
