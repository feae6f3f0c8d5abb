package awslab

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// CacheUser is a user of ElastiCache.
type CacheUser struct {
	ID, Name string
	// Modifying is how long a change takes, on the lab's clock.
	Modifying time.Duration
}

type cacheUser struct {
	CacheUser
	passwords []string  // one or two, all of which log in
	active    time.Time // from when on
}

// AddCacheUser makes an ElastiCache user with a password and returns its ARN.
func (l *Lab) AddCacheUser(u CacheUser, password string) string {
	return addTo(l, l.databases.cacheUsers, "elasticache", "user:"+u.ID, &cacheUser{CacheUser: u, passwords: []string{password}})
}

// CacheLogin tells whether an ElastiCache user, given by its ARN, has a
// password.
func (l *Lab) CacheLogin(userARN, password string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.databases.cacheUsers[userARN]
	return u != nil && slices.Contains(u.passwords, password)
}

// Directory is a directory of Directory Service.
type Directory struct {
	ID, Name string
}

type directory struct {
	Directory
	passwords map[string]string // by user name
}

// AddDirectory makes a directory with one user and returns its ARN.
func (l *Lab) AddDirectory(d Directory, username, password string) string {
	return addTo(l, l.databases.directories, "ds", "directory/"+d.ID, &directory{Directory: d, passwords: map[string]string{username: password}})
}

// DirectoryLogin tells whether a user of a directory, given by its ARN, has a
// password.
func (l *Lab) DirectoryLogin(directoryARN, username, password string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := l.databases.directories[directoryARN]
	if d == nil {
		return false
	}
	known, ok := d.passwords[username]
	return ok && known == password
}

// elastiCacheService is ElastiCache as far as rotation functions use it:
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_Operations.html.
func elastiCacheService() *service {
	return &service{wire: queryWire{}, namespace: "http://elasticache.amazonaws.com/doc/2015-02-02/", operations: map[string]handler{
		"DescribeUsers": func(c *call) (any, error) {
			u, err := c.cacheUser()
			if err != nil {
				return nil, err
			}
			return []xmlElement{members("Users", xmlElement{Children: u.elements(c.lab.Now())})}, nil
		},
		"ModifyUser": func(c *call) (any, error) {
			u, err := c.cacheUser()
			if err != nil {
				return nil, err
			}
			var passwords []string
			for i := 1; c.form.Has("Passwords.member." + strconv.Itoa(i)); i++ {
				password := c.form.Get("Passwords.member." + strconv.Itoa(i))
				if len(password) < 16 || len(password) > 128 {
					return nil, errorf("InvalidParameterValue", "Password length must be between 16 and 128 characters.")
				}
				passwords = append(passwords, password)
			}
			if len(passwords) > 2 {
				return nil, errorf("InvalidParameterValue", "A user can have at most two passwords.")
			}
			if len(passwords) > 0 {
				u.passwords = passwords
			}
			u.active = c.lab.Now().Add(u.Modifying)
			return u.elements(c.lab.Now()), nil
		},
	}}
}

func (u *cacheUser) elements(now time.Time) []xmlElement {
	status := "active"
	if now.Before(u.active) {
		status = "modifying"
	}
	return []xmlElement{text("UserId", u.ID), text("UserName", u.Name), text("Status", status), text("Engine", "redis")}
}

// cacheUser finds the user that a request is about, once the caller may carry
// out the operation on it.
func (c *call) cacheUser() (*cacheUser, error) {
	id := c.form.Get("UserId")
	if id == "" {
		return nil, errorf("InvalidParameterValue", "awslab finds ElastiCache users by UserId only.")
	}
	name := c.lab.resourceARN("elasticache", c.region, "user:"+id)
	if err := c.may("elasticache:"+c.operation, name, nil, nil); err != nil {
		return nil, err
	}
	u := c.lab.databases.cacheUsers[name]
	if u == nil {
		return nil, errorf("UserNotFound", "User %s not found.", id).withStatus(http.StatusNotFound)
	}
	return u, nil
}

// directoryService is Directory Service as far as rotation functions use it:
// https://docs.aws.amazon.com/directoryservice/latest/devguide/API_Operations.html.
func directoryService() *service {
	return &service{wire: jsonWire{}, operations: map[string]handler{
		"DescribeDirectories": reading(describeDirectories),
		"ResetUserPassword":   reading(resetUserPassword),
	}}
}

type describeDirectoriesInput struct {
	DirectoryIDs []string `json:"DirectoryIds"`
}

func describeDirectories(c *call, in *describeDirectoriesInput) (any, error) {
	if err := c.may("ds:DescribeDirectories", "*", nil, nil); err != nil {
		return nil, err
	}
	if len(in.DirectoryIDs) == 0 {
		return nil, errorf("InvalidParameterException", "awslab describes directories by DirectoryIds only.")
	}
	found := []any{}
	for _, id := range in.DirectoryIDs {
		d, _, err := c.directory(id)
		if err != nil {
			return nil, err
		}
		found = append(found, map[string]any{"DirectoryId": d.ID, "Name": d.Name, "Stage": "Active", "Type": "MicrosoftAD"})
	}
	return map[string]any{"DirectoryDescriptions": found}, nil
}

type resetUserPasswordInput struct {
	DirectoryID string `json:"DirectoryId"`
	UserName    string
	NewPassword string
}

func resetUserPassword(c *call, in *resetUserPasswordInput) (any, error) {
	d, name, notFound := c.directory(in.DirectoryID)
	if err := c.may("ds:ResetUserPassword", name, nil, nil); err != nil {
		return nil, err
	}
	if notFound != nil {
		return nil, notFound
	}
	if _, ok := d.passwords[in.UserName]; !ok {
		return nil, errorf("UserDoesNotExistException", "The user %s does not exist.", in.UserName)
	}
	d.passwords[in.UserName] = in.NewPassword
	return map[string]any{}, nil
}

func (c *call) directory(id string) (d *directory, directoryARN string, err error) {
	directoryARN = c.lab.resourceARN("ds", c.region, "directory/"+id)
	if d = c.lab.databases.directories[directoryARN]; d == nil {
		return nil, directoryARN, errorf("EntityDoesNotExistException", "Directory %s does not exist.", id)
	}
	return d, directoryARN, nil
}
