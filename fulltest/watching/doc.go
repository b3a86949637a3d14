// Package watching lets Prometheus' own tool judge what packaging has for
// Prometheus and Grafana: the alerts, their unit tests, every query of the
// dashboard, and what /metrics answers. That the names in them are there is
// seen by internal/papers.
package watching
