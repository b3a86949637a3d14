package recordingtest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"recgate/recording"
)

// Store is a database in memory. It keeps real state, obeys the whole
// contract (TestStore is run on it) and adds two things for tests: Break makes
// methods fail as a database that is away does, and Accesses reads the log back.
type Store struct {
	*memory
	writer
	lookup
	journal
	shares
	marks
}

// What is asked of the fake, by what it is about.
type (
	writer  struct{ *memory } // writes recordings
	lookup  struct{ *memory } // reads them
	journal struct{ *memory } // adds them up, and keeps the access log
	shares  struct{ *memory } // leases
	marks   struct{ *memory } // the mark of the archive
)

// memory is the state of a fake.
type memory struct {
	mu       sync.Mutex // guards all below
	rows     map[recording.ID]*row
	calls    map[string]*recording.Call
	accesses []recording.Access
	leases   map[string]lease
	mark     recording.ArchiveMark
	broken   map[string]bool // method names; "" is all of them
}

// row is a recording without its call, and the steps that it made.
type row struct {
	recording.Recording // Call holds the id alone
	history             []recording.Past
}

// past adds a line to the history, as a store keeps it.
func (r *row) past(p recording.Past) {
	p.At, p.Said, p.Reason = asStored(p.At), recording.Printable(p.Said, 1000), keptReason(p.Reason)
	r.history = append(r.history, p)
}

// NewStore returns an empty store.
func NewStore() *Store {
	m := &memory{
		rows:   map[recording.ID]*row{},
		calls:  map[string]*recording.Call{},
		leases: map[string]lease{},
		broken: map[string]bool{},
	}
	return &Store{m, writer{m}, lookup{m}, journal{m}, shares{m}, marks{m}}
}

// Break makes the methods of these names, or all when none is given, answer
// Unavailable and change nothing, until Repair.
func (s *memory) Break(methods ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(methods) == 0 {
		methods = []string{""}
	}
	for _, m := range methods {
		s.broken[m] = true
	}
}

// Repair ends what Break began.
func (s *memory) Repair() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.broken)
}

// away tells why a method cannot run now, or nil. The caller holds s.mu.
func (s *memory) away(ctx context.Context, method string) error {
	err := ctx.Err()
	if s.broken[""] || s.broken[method] {
		err = errors.New("the store was broken by a test")
	}
	if err != nil {
		return &recording.Error{Code: recording.Unavailable, Msg: "the database cannot be reached", Err: err}
	}
	return nil
}

// find returns the row of id. The caller holds s.mu.
func (s *memory) find(id recording.ID) (*row, error) {
	r := s.rows[id]
	if r == nil {
		return nil, recording.Errorf(recording.NotFound, "no recording has the id %q", id)
	}
	return r, nil
}

// openCall returns the call that recordings of this linked id join, or nil.
// The caller holds s.mu.
func (s *memory) openCall(pbx, linkedID string) *recording.Call {
	for _, c := range s.calls {
		if linkedID != "" && c.PBX == pbx && c.LinkedID == linkedID && c.EndedAt.IsZero() {
			return c
		}
	}
	return nil
}

// Add implements recorder.Writer.
func (s writer) Add(ctx context.Context, r recording.Recording) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "Add"); err != nil {
		return err
	}
	if s.rows[r.ID] != nil {
		return recording.Errorf(recording.Conflict, "a recording with the id %q already exists", r.ID)
	}
	for _, text := range []*string{&r.Channel, &r.UniqueID, &r.Extension, &r.AskedBy, &r.Call.LinkedID} {
		*text = name(*text)
	}
	r.Reason = keptReason(r.Reason)
	if err := s.channelTaken(r); err != nil {
		return err
	}
	call := s.openCall(r.Call.PBX, r.Call.LinkedID)
	if call == nil {
		if s.calls[r.Call.ID] != nil {
			return recording.Errorf(recording.Conflict, "a call with the id %q already exists", r.Call.ID)
		}
		call = &recording.Call{
			ID: r.Call.ID, PBX: r.Call.PBX, LinkedID: r.Call.LinkedID,
			StartedAt: asStored(r.Call.StartedAt), EndedAt: asStored(r.Call.EndedAt),
		}
		s.calls[call.ID] = call
	}
	if at := asStored(r.Call.StartedAt); !at.IsZero() && (call.StartedAt.IsZero() || at.Before(call.StartedAt)) {
		call.StartedAt = at
	}
	leave(&call.AnsweredAt, asStored(r.Call.AnsweredAt))
	for _, p := range r.Call.Parties {
		addParty(call, p)
	}
	r.State, r.Call = recording.Starting, recording.Call{ID: call.ID}
	for _, at := range []*time.Time{&r.AskedAt, &r.StartedAt, &r.AnsweredAt, &r.StoppedAt, &r.ChannelEndedAt} {
		*at = asStored(*at)
	}
	r.Duration, r.Tracks = r.Duration.Truncate(time.Millisecond), recording.StoredTracks(r, recording.Step{To: r.State}.Advance(storedTracks(r.Tracks)))
	tags := r.Tags
	r.Tags = nil
	for _, tag := range tags {
		r.Tags = newest(r.Tags, tag)
	}
	s.rows[r.ID] = &row{r, []recording.Past{{At: r.AskedAt, To: r.State, Reason: r.Reason}}}
	return nil
}

// Advance implements book.Rows.
func (s writer) Advance(ctx context.Context, id recording.ID, step recording.Step) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "Advance"); err != nil {
		return err
	}
	r, err := s.find(id)
	if err != nil {
		return err
	}
	if !slices.Contains(step.From(), r.State) {
		return recording.Errorf(recording.Conflict, "the recording %q is %s and cannot become %s", id, r.State, step.To)
	}
	step.Reason, step.StartedAt, step.StoppedAt = keptReason(step.Reason), asStored(step.StartedAt), asStored(step.StoppedAt)
	step.Duration, step.Tracks = step.Duration.Truncate(time.Millisecond), storedTracks(step.Tracks)
	r.Apply(step)
	r.past(step.Past())
	return nil
}

// AddTag implements recorder.Writer.
func (s writer) AddTag(ctx context.Context, id recording.ID, tag, by string, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "AddTag"); err != nil {
		return err
	}
	r, err := s.find(id)
	if err != nil {
		return err
	}
	r.Tags = newest(r.Tags, tag)
	r.past(recording.TagPast(r.State, tag, by, at))
	return nil
}

// Move implements recorder.Writer.
func (s writer) Move(ctx context.Context, id recording.ID, to recording.Party, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "Move"); err != nil {
		return err
	}
	r, err := s.find(id)
	if err != nil {
		return err
	}
	if r.State != recording.Running {
		return recording.Errorf(recording.Conflict, "the recording %q is %s and cannot move to another channel", id, r.State)
	}
	if r.UniqueID == to.UniqueID {
		return nil
	}
	to = asKept(to)
	from := r.UniqueID
	r.past(recording.Past{At: at, To: r.State, Reason: recording.Moved(r.Channel, to.Channel)})
	r.Channel, r.UniqueID, r.Extension = to.Channel, to.UniqueID, to.Extension
	r.ChannelEndedAt = time.Time{} // that was the other channel
	for i, t := range r.Tracks {
		if t.UniqueID == from {
			r.Tracks[i].Channel, r.Tracks[i].UniqueID = to.Channel, to.UniqueID
		}
	}
	addParty(s.calls[r.Call.ID], to)
	return nil
}

// SetFlags sets both flags of a recording.
func (s writer) SetFlags(ctx context.Context, id recording.ID, private, deleted bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "SetFlags"); err != nil {
		return err
	}
	r, err := s.find(id)
	if err != nil {
		return err
	}
	r.Private, r.Deleted = private, deleted
	return nil
}

// ChannelEvent implements recorder.Writer.
func (s writer) ChannelEvent(ctx context.Context, e recording.ChannelNote) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.away(ctx, "ChannelEvent"); err != nil {
		return err
	}
	e.LinkedID, e.Party = name(e.LinkedID), asKept(e.Party)
	answered, ended := asStored(e.AnsweredAt), asStored(e.EndedAt)
	for _, r := range s.rows {
		if r.PBX == e.PBX && r.UniqueID == e.Party.UniqueID {
			leave(&r.AnsweredAt, answered)
			leave(&r.ChannelEndedAt, ended)
		}
	}
	if call := s.openCall(e.PBX, e.LinkedID); call != nil {
		addParty(call, e.Party)
		leave(&call.AnsweredAt, answered)
		if e.CallEnded {
			call.EndedAt = ended
		}
	}
	return nil
}

// asStored is how a time comes back from a store: UTC, whole milliseconds.
func asStored(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMilli(t.UnixMilli()).UTC()
}

func storedTracks(tracks []recording.Track) []recording.Track {
	tracks = slices.Clone(tracks)
	for i := range tracks {
		t := &tracks[i]
		t.StartedAt, t.StoppedAt = asStored(t.StartedAt), asStored(t.StoppedAt)
		t.Party, t.Channel, t.UniqueID = name(t.Party), name(t.Channel), name(t.UniqueID)
	}
	return tracks
}

// name is how a name comes back from a store.
func name(text string) string { return recording.Cut(text, recording.MaxName) }

// keptReason is how a reason does.
func keptReason(r recording.Reason) recording.Reason {
	r.Detail = recording.Cut(r.Detail, recording.MaxReason)
	return r
}

// asKept is how a party does.
func asKept(p recording.Party) recording.Party {
	return recording.Party{Channel: name(p.Channel), UniqueID: name(p.UniqueID), Extension: name(p.Extension), CallerID: name(p.CallerID)}
}

// newest puts tag behind all others.
func newest(tags []string, tag string) []string {
	return append(slices.DeleteFunc(tags, func(t string) bool { return t == tag }), tag)
}

// addParty adds p, or fills what was not known of it.
func addParty(c *recording.Call, p recording.Party) {
	p = asKept(p)
	i := slices.IndexFunc(c.Parties, func(q recording.Party) bool { return q.UniqueID == p.UniqueID })
	if i < 0 {
		c.Parties = append(c.Parties, p)
		return
	}
	leave(&c.Parties[i].Channel, p.Channel)
	leave(&c.Parties[i].Extension, p.Extension)
	leave(&c.Parties[i].CallerID, p.CallerID)
}

// leave sets what is still unknown.
func leave[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
