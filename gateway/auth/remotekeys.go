package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	// fetchTimeout bounds one fetch of a key set.
	fetchTimeout = 5 * time.Second
	// fetchPeriod is how often a set is fetched at most, for whatever reason.
	fetchPeriod = 10 * time.Second
	// firstPeriod is the same as long as there has been none.
	firstPeriod = time.Second
	// fetchAge is how old a set may become: a key that has been withdrawn
	// counts no longer than that, as long as the set can be fetched.
	fetchAge = 15 * time.Minute
)

// remoteKeys are the keys of a set at a URL. It is fetched when the first token
// comes, when one names a key that is not in it, and when it is old: by the
// request that has met that, in its own goroutine, while others go on with the
// set that there is. One that cannot be fetched leaves the old one in place.
type remoteKeys struct {
	url    string
	client *http.Client
	now    func() time.Time
	notify func(error)

	// fetching has room for who fetches.
	fetching chan struct{}

	mu    sync.Mutex
	set   keySet // nil before the first
	had   time.Time
	tried time.Time // the last fetch has ended then
	tries int
}

func newRemoteKeys(url string, s *Sources) *remoteKeys {
	return &remoteKeys{
		url: url, now: s.Now, notify: s.Notify, fetching: make(chan struct{}, 1),
		client: &http.Client{Timeout: fetchTimeout, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment}, CheckRedirect: checkRedirect},
	}
}

func (k *remoteKeys) close() { k.client.CloseIdleConnections() }

func (k *remoteKeys) key(ctx context.Context, id, algorithm string) (any, error) {
	set, stale, tries := k.current()
	key, ok := set.find(id, algorithm)
	if ok && !stale {
		return key, nil
	}
	if err := k.refresh(ctx, ok, tries); err != nil {
		return nil, err
	}
	if set, _, _ = k.current(); set == nil {
		return nil, fmt.Errorf("%w: the key set has not been fetched yet", ErrUnavailable)
	}
	if key, ok = set.find(id, algorithm); !ok {
		return nil, errNoKey
	}
	return key, nil
}

// current returns the set, whether it is time for a new one, and how often that
// has been tried.
func (k *remoteKeys) current() (set keySet, stale bool, tries int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.set, k.now().Sub(k.had) >= fetchAge, k.tries
}

// due reports whether the set may be fetched now, by somebody who has met it
// after so many tries. Who has waited for another fetch does not do his own: a
// server that does not answer would have them all wait for it in turn.
func (k *remoteKeys) due(tries int) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	period := fetchPeriod
	if k.set == nil {
		period = firstPeriod
	}
	return k.tries == tries && (k.tried.IsZero() || k.now().Sub(k.tried) >= period)
}

// note takes note of a fetch that has ended, with a set or with nil.
func (k *remoteKeys) note(set keySet) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tried = k.now()
	k.tries++
	if set != nil {
		k.set, k.had = set, k.tried
	}
}

// refresh fetches the set, unless that was done lately. While another request
// does it, one that has a key already goes on, and others wait for it.
func (k *remoteKeys) refresh(ctx context.Context, hasKey bool, tries int) error {
	select {
	case k.fetching <- struct{}{}:
	default:
		if hasKey {
			return nil
		}
		select {
		case k.fetching <- struct{}{}:
		case <-ctx.Done():
			return fmt.Errorf("wait for the key set: %w", ctx.Err())
		}
	}
	defer func() { <-k.fetching }()
	if !k.due(tries) {
		return nil
	}
	// Others wait for it too: a client that leaves does not end it.
	set, err := k.fetch(context.WithoutCancel(ctx))
	k.note(set)
	if err != nil {
		k.notify(fmt.Errorf("fetch key set %s: %w", k.url, err))
	}
	return nil
}

func (k *remoteKeys) fetch(ctx context.Context) (keySet, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := k.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", response.StatusCode)
	}
	text, err := readBounded(response.Body, maxKeySet)
	if err != nil {
		return nil, err
	}
	return parseKeySet(text)
}

// checkRedirect follows a few, to where a set might have been fetched from.
func checkRedirect(next *http.Request, before []*http.Request) error {
	if len(before) >= 3 {
		return errors.New("too many redirects")
	}
	// Plain HTTP is for who has asked for it: no other server can.
	if next.URL.Scheme != "https" && before[0].URL.Scheme == "https" {
		return errors.New("a redirect away from https")
	}
	return checkKeySetURL(next.URL)
}

// checkKeySetURL returns an error for a URL from which others could have a key
// of theirs in the set: one that is not https, nor of this machine.
func checkKeySetURL(u *url.URL) error {
	switch {
	case u.Host == "" || u.User != nil || u.Fragment != "":
		return errors.New("not a URL of a key set")
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return fmt.Errorf("no key set is fetched by %q", u.Scheme)
	}
	host := u.Hostname()
	if address, err := netip.ParseAddr(host); strings.EqualFold(host, "localhost") || err == nil && address.Unmap().IsLoopback() {
		return nil
	}
	return errors.New("others could change a key set on its way without https")
}
