package pandas

import "strings"

// class is what a name in a pickle means to this package, whatever module of
// whatever version it stands in.
type class int

const (
	_ class = iota
	clsInert
	clsFrame
	clsSeries
	clsManager
	clsBlock
	clsNewIndex
	clsIndex
	clsRangeIndex
	clsArray    // numpy's _reconstruct
	clsBuffer   // numpy's _frombuffer
	clsScalar   // numpy's scalar
	clsDtype    // numpy's dtype
	clsNDBacked // pandas arrays that wrap a numpy array
	clsString
	clsCategorical
	clsMasked
	clsArrow
	clsNA
	clsSlice
	clsSet
	clsOpaque // an array that can stand beside those that are read
	clsArrowArray
	clsArrowChunks
	clsArrowBuffer
	clsArrowAlias
	clsArrowList
	clsArrowLargeList
	clsArrowField
	clsArrowListView
	clsArrowLargeListView
	clsArrowStruct
	clsArrowDictionary
)

// names is the allow-list: what pandas 1.0 to 3.1, numpy 1 and 2 and pyarrow
// write for a data frame. Nothing here is called; a name not listed is refused.
var names = map[string]class{
	"pandas.core.frame.DataFrame": clsFrame, "pandas.DataFrame": clsFrame,
	"pandas.core.series.Series": clsSeries, "pandas.Series": clsSeries,
	"pandas.core.internals.managers.BlockManager": clsManager, "pandas.core.internals.managers.SingleBlockManager": clsManager,
	"pandas._libs.internals._unpickle_block": clsBlock,
	"pandas.core.internals.blocks.new_block": clsBlock,
	"functools.partial":                      clsInert, // pandas 1.3 binds new_block's ndim with it

	"pandas.core.indexes.base._new_Index": clsNewIndex,
	"pandas.core.indexes.base.Index":      clsIndex, "pandas.Index": clsIndex,
	"pandas.core.indexes.numeric.Int64Index": clsIndex, "pandas.core.indexes.numeric.UInt64Index": clsIndex,
	"pandas.core.indexes.numeric.Float64Index": clsIndex,
	"pandas.core.indexes.range.RangeIndex":     clsRangeIndex, "pandas.RangeIndex": clsRangeIndex,

	"numpy.core.multiarray._reconstruct": clsArray, "numpy._core.multiarray._reconstruct": clsArray,
	"numpy.core.numeric._frombuffer": clsBuffer, "numpy._core.numeric._frombuffer": clsBuffer,
	"numpy.core.multiarray.scalar": clsScalar, "numpy._core.multiarray.scalar": clsScalar,
	"numpy.dtype": clsDtype, "numpy.ndarray": clsInert,

	"pandas._libs.arrays.__pyx_unpickle_NDArrayBacked": clsNDBacked,
	"pandas.core.arrays.string_.StringArray":           clsString, "pandas.arrays.StringArray": clsString,
	"pandas.core.arrays.string_.StringArrayNumpySemantics":           clsString,
	"pandas.arrays.StringArrayNumpySemantics":                        clsString,
	"pandas.core.arrays.numpy_.PandasArray":                          clsString,
	"pandas.core.arrays.numpy_.NumpyExtensionArray":                  clsString,
	"pandas.arrays.NumpyExtensionArray":                              clsString,
	"pandas.core.arrays.categorical.Categorical":                     clsCategorical,
	"pandas.Categorical":                                             clsCategorical,
	"pandas.core.arrays.string_arrow.ArrowStringArray":               clsArrow,
	"pandas.arrays.ArrowStringArray":                                 clsArrow,
	"pandas.core.arrays.arrow.array.ArrowExtensionArray":             clsArrow,
	"pandas.core.arrays.arrow.ArrowExtensionArray":                   clsArrow,
	"pandas.arrays.ArrowExtensionArray":                              clsArrow,
	"pandas._libs.missing.NA":                                        clsNA,
	"pandas.NA":                                                      clsNA,
	"pandas._libs.tslibs.nattype._nat_unpickle":                      clsNA,
	"pandas.core.arrays.string_arrow.ArrowStringArrayNumpySemantics": clsArrow,
	"pandas.arrays.ArrowStringArrayNumpySemantics":                   clsArrow,

	"pyarrow.lib._restore_array": clsArrowArray, "pyarrow.lib.chunked_array": clsArrowChunks,
	"pyarrow.lib.py_buffer": clsArrowBuffer, "pyarrow.lib.type_for_alias": clsArrowAlias,
	"pyarrow.lib.list_": clsArrowList, "pyarrow.lib.large_list": clsArrowLargeList, "pyarrow.lib.field": clsArrowField,
	"pyarrow.lib.list_view": clsArrowListView, "pyarrow.lib.large_list_view": clsArrowLargeListView, "pyarrow.lib.struct": clsArrowStruct, "pyarrow.lib.dictionary": clsArrowDictionary,

	// Values and indexes that are not read but may stand in columns that nobody asks for.
	"pandas.core.arrays.datetimes.DatetimeArray": clsOpaque, "pandas.arrays.DatetimeArray": clsOpaque,
	"pandas.core.arrays.timedeltas.TimedeltaArray": clsOpaque, "pandas.arrays.TimedeltaArray": clsOpaque,
	"pandas.core.indexes.multi.MultiIndex": clsInert, "pandas.MultiIndex": clsInert, "pandas.core.indexes.frozen.FrozenList": clsInert,
	"pandas.core.indexes.category.CategoricalIndex": clsInert, "pandas.CategoricalIndex": clsInert,
	"pandas.core.indexes.datetimes._new_DatetimeIndex": clsInert, "pandas.core.indexes.datetimes.DatetimeIndex": clsInert, "pandas.DatetimeIndex": clsInert,
	"pandas._libs.tslibs.timestamps._unpickle_timestamp": clsInert, "pandas._libs.tslibs.timestamps.Timestamp": clsInert, "pandas._libs.tslibs.timedeltas._timedelta_unpickle": clsInert,
	"datetime.datetime": clsInert, "datetime.date": clsInert, "datetime.time": clsInert, "datetime.timedelta": clsInert, "datetime.timezone": clsInert,
	"decimal.Decimal": clsInert, "pytz._UTC": clsInert, "uuid.UUID": clsInert,
	"pytz._p": clsInert, "zoneinfo.ZoneInfo": clsInert, "builtins.getattr": clsInert, // a zone is pickled as getattr(ZoneInfo, "_unpickle")
	"pandas.core.arrays.period.PeriodArray": clsOpaque, "pandas.arrays.PeriodArray": clsOpaque, "pandas.Period": clsInert, "pandas._libs.tslibs.period._unpickle_period": clsInert,
	"pandas._libs.tslibs.period.Period":           clsInert,
	"pandas.core.indexes.period._new_PeriodIndex": clsInert, "pandas.core.indexes.period.PeriodIndex": clsInert, "pandas.PeriodIndex": clsInert,
	"pandas.core.indexes.timedeltas._new_TimedeltaIndex": clsInert, "pandas.core.indexes.timedeltas.TimedeltaIndex": clsInert, "pandas.TimedeltaIndex": clsInert,
	"pandas.core.indexes.datetimelike._new_DatetimeIndex": clsInert,
	"pandas._libs.interval.__pyx_unpickle_IntervalMixin":  clsInert, "pandas._libs.interval.Interval": clsInert, "pandas.Interval": clsInert,
	"pandas.core.arrays.interval.IntervalArray": clsOpaque, "pandas.arrays.IntervalArray": clsOpaque,
	"pandas.core.indexes.interval._new_IntervalIndex": clsInert, "pandas.core.indexes.interval.IntervalIndex": clsInert, "pandas.IntervalIndex": clsInert,
	"pandas.core.arrays.sparse.array.SparseArray": clsOpaque, "pandas.arrays.SparseArray": clsOpaque, "pandas._libs.sparse.IntIndex": clsInert, "pandas._libs.sparse.BlockIndex": clsInert,
	"pyarrow.lib.timestamp": clsInert, "pyarrow.lib.time32": clsInert, "pyarrow.lib.time64": clsInert, "pyarrow.lib.duration": clsInert, "pyarrow.lib.decimal128": clsInert, "pyarrow.lib.decimal256": clsInert,
	"pyarrow.lib.map_": clsInert, "pyarrow.lib.binary": clsInert, "pyarrow.lib.fixed_size_binary": clsInert,
	"builtins.complex": clsInert, "builtins.range": clsInert, "builtins.xrange": clsInert, "collections.deque": clsInert, "collections.defaultdict": clsInert, "array._array_reconstructor": clsInert, "array.array": clsInert,
	"builtins.int": clsInert, "builtins.str": clsInert, "builtins.float": clsInert,

	"builtins.slice": clsSlice, "builtins.set": clsSet, "builtins.frozenset": clsSet, "builtins.list": clsInert,
	"builtins.dict": clsInert, "builtins.bytearray": clsInert, "builtins.bytes": clsInert, "builtins.object": clsInert, "_codecs.encode": clsInert,
	"collections.OrderedDict": clsInert,
}

// classOf returns the meaning of a name, and false for one that is refused. The
// type objects of pandas (Int64Dtype, StringDtype ...) stand beside the data
// and say nothing that the data does not.
func classOf(name string) (class, bool) {
	if c, ok := names[name]; ok {
		return c, true
	}
	if !strings.HasPrefix(name, "pandas.") {
		return 0, false
	}
	if strings.HasPrefix(name, "pandas._libs.tslibs.offsets.") { // the frequency of an index
		return clsInert, true
	}
	module, attr := name[:strings.LastIndexByte(name, '.')], name[strings.LastIndexByte(name, '.')+1:]
	switch module {
	case "pandas", "pandas.core.dtypes.dtypes", "pandas.core.arrays.string_", "pandas.core.arrays.integer", "pandas.core.arrays.floating",
		"pandas.core.arrays.boolean", "pandas.core.arrays.arrow.dtype", "pandas.core.arrays.numpy_":
		if strings.HasSuffix(attr, "Dtype") {
			return clsInert, true
		}
	}
	switch module {
	case "pandas.arrays", "pandas.core.arrays.integer", "pandas.core.arrays.floating", "pandas.core.arrays.boolean":
		if attr == "IntegerArray" || attr == "FloatingArray" || attr == "BooleanArray" {
			return clsMasked, true
		}
	}
	return 0, false
}

func allowed(name string) bool {
	_, ok := classOf(name)
	return ok
}
