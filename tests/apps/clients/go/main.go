// A long-running Go program. Untouched, it makes its pool of roots at start, as crypto/x509 does for the system's. Adapted,
// it makes pool and transport anew when it is sent SIGHUP, which is what the agent's hook does after an update.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// client trusts what the exported file holds now.
func client() (*http.Client, error) {
	pem, err := os.ReadFile(os.Getenv("TRUST_FILE"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate in the file")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}, nil
}

func main() {
	first, err := client()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var current atomic.Value
	current.Store(first)
	if os.Args[1] == "adapted" {
		hangups := make(chan os.Signal, 1)
		signal.Notify(hangups, syscall.SIGHUP)
		go func() {
			for range hangups {
				next, err := client()
				if err != nil {
					continue // What was trusted stays; the agent tells again after the next update.
				}
				previous := current.Swap(next).(*http.Client)
				previous.CloseIdleConnections()
			}
		}()
	}
	fmt.Println("ready crypto/tls", strings.TrimPrefix(runtime.Version(), "go"))
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var host, port string
		if _, err := fmt.Sscanf(lines.Text(), "connect %s %s", &host, &port); err != nil {
			fmt.Println("failed not a command")
			continue
		}
		fmt.Println(connect(current.Load().(*http.Client), host, port))
	}
}

func connect(client *http.Client, host, port string) string {
	answer, err := client.Get("https://" + host + ":" + port + "/")
	var authority x509.UnknownAuthorityError
	switch {
	case err == nil:
		answer.Body.Close()
		return "accepted"
	case errors.As(err, &authority):
		return "refused " + authority.Error()
	default:
		return "failed " + err.Error()
	}
}
