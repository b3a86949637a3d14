package soap_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"recgate/soap"
)

// TestGeneratedNames: where every name was made by a generator, the arguments
// go by their places, by SOAP and by GET.
func TestGeneratedNames(t *testing.T) {
	for _, tt := range []struct {
		name, method string
		args         [][2]string
		want         string // empty: refused
	}{
		{"SOAP::Lite", "start", [][2]string{{"c-gensym3", "410"}, {"c-gensym5", "22"}}, "start [410] [22]"},
		{"older SOAP::Lite", "start", [][2]string{{"s-gensym1023", "410"}, {"s-gensym1025", "22"}}, "start [410] [22]"},
		{"SOAP::Lite without a tag", "start", [][2]string{{"c-gensym3", "410"}}, "start [410] []"},
		{"SOAP::Lite, one argument", "stop", [][2]string{{"c-gensym7", "410"}}, "stop [410]"},
		{"SOAP::Lite retrieves", "retrieve", [][2]string{{"c-gensym0", "21"}, {"c-gensym1", "fred"}}, "retrieve [21] [fred]"},
		{"SOAPpy", "start", [][2]string{{"v1", "410"}, {"v2", "22"}}, "start [410] [22]"},
		{"SOAPpy without a tag", "start", [][2]string{{"v1", "410"}}, "start [410] []"},
		{"NuSOAP", "start", [][2]string{{"__numeric_0", "410"}, {"__numeric_1", "22"}}, "start [410] [22]"},
		{"p from 0", "retrieveByUniqueId", [][2]string{{"p0", "1.2"}, {"p1", "fred"}}, "retrieveByUniqueId [1.2] [fred]"},
		{"p from 1", "retrieveByUniqueId", [][2]string{{"p1", "1.2"}, {"p2", "fred"}}, "retrieveByUniqueId [1.2] [fred]"},
		{"param from 1", "start", [][2]string{{"param1", "410"}, {"param2", "22"}}, "start [410] [22]"},
		{"param from 0", "start", [][2]string{{"param0", "410"}, {"param1", "22"}}, "start [410] [22]"},
		{"param from 1, one argument", "stop", [][2]string{{"param1", "410"}}, "stop [410]"},
		{"gSOAP", "start", [][2]string{{"_param_1", "410"}, {"_param_2", "22"}}, "start [410] [22]"},
		{"the other way round", "start", [][2]string{{"arg1", "22"}, {"arg0", "410"}}, "start [410] [22]"},
		{"upper case", "start", [][2]string{{"ARG0", "410"}, {"ARG1", "22"}}, "start [410] [22]"},
		{"repeated", "start", [][2]string{{"in0", "410"}, {"in0", "411"}}, "start [410] []"},
		{"a switch beside them", "start", [][2]string{{"pbx", "north"}, {"c-gensym3", "410"}, {"c-gensym5", "22"}}, "start [410] [22]"},
		{"the first is left out", "start", [][2]string{{"arg1", "22"}}, "start [] [22]"},
		{"more than there are", "start", [][2]string{{"c-gensym1", "410"}, {"c-gensym2", "22"}, {"c-gensym3", "x"}}, "start [410] [22]"},
		{"one has a name that means nothing", "start", [][2]string{{"c-gensym3", "410"}, {"exten", "22"}}, ""},
		{"a documented name beside them", "retrieve", [][2]string{{"tag", "21"}, {"c-gensym3", "fred"}}, ""},
		{"which makes others mean nothing", "start", [][2]string{{"extenOrUniqueId", "410"}, {"p1", "22"}}, "start [410] []"},
		{"names without a number", "start", [][2]string{{"a", "410"}, {"b", "22"}}, ""},
		{"an enormous number", "stop", [][2]string{{"arg99999999999", "410"}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEndpoint(t, soap.Legacy{})
			var xml, query strings.Builder
			for _, a := range tt.args {
				fmt.Fprintf(&xml, "<%s>%s</%s>", a[0], a[1], a[0])
				fmt.Fprintf(&query, "&%s=%s", a[0], a[1])
			}
			var want []string
			if tt.want != "" {
				want = []string{tt.want}
			}
			e.post(message(soap11, "<"+tt.method+">"+xml.String()+"</"+tt.method+">"))
			e.wantCalls(t, want...)
			e.get("method=" + tt.method + query.String())
			e.wantCalls(t, want...)
		})
	}
}

// TestGeneratedNamesOfNothing: an argument that is said not to be given holds
// its place.
func TestGeneratedNamesOfNothing(t *testing.T) {
	e := newEndpoint(t, soap.Legacy{})
	w := e.post(message(soap11, `<start><c-gensym8 xsi:nil="true" /><c-gensym10>22</c-gensym10></start>`))
	wantStatus(t, w, http.StatusInternalServerError)
	e.wantCalls(t, "start [] [22]")
	e.post(message(soap11, `<start><c-gensym8>410</c-gensym8><c-gensym10 xsi:nil="1"/></start>`))
	e.wantCalls(t, "start [410] []")
}
