//go:build !split

package dataset

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// Bounds of one page. Writers make pages of about 1 MiB; some make one page of
// a whole row group.
const (
	maxPageBytes  = 512 << 20
	maxPageValues = 64 << 20
)

// checkChunk walks the pages of a column chunk before the library reads them:
// the library trusts the sizes in the page headers and decompresses without a
// bound.
func (p *parquetFile) checkChunk(group, column int) error {
	groups := p.file.Metadata().RowGroups
	if group >= len(groups) || column >= len(groups[group].Columns) {
		return errors.New("the footer does not list the column")
	}
	m := &groups[group].Columns[column].MetaData
	start := m.DataPageOffset
	if m.DictionaryPageOffset > 0 && m.DictionaryPageOffset < start {
		start = m.DictionaryPageOffset
	}
	if start < 0 || m.TotalCompressedSize < 0 || start > p.size-m.TotalCompressedSize {
		return fmt.Errorf("its %d bytes at offset %d are outside the file of %d bytes", m.TotalCompressedSize, start, p.size)
	}
	r := bufio.NewReader(io.NewSectionReader(p.r, start, m.TotalCompressedSize))
	var protocol thrift.CompactProtocol
	dec := thrift.NewDecoder(protocol.NewReader(r))
	for seen := int64(0); seen < m.NumValues; {
		var h format.PageHeader
		if err := dec.Decode(&h); err != nil {
			if errors.Is(err, io.EOF) {
				return nil // the library reports what is missing
			}
			return fmt.Errorf("page header: %w", err)
		}
		values := int64(h.DataPageHeader.V.NumValues) + int64(h.DataPageHeaderV2.V.NumValues) + int64(h.DictionaryPageHeader.V.NumValues)
		size, packed := int64(h.UncompressedPageSize), int64(h.CompressedPageSize)
		if size < 0 || packed < 0 || values < 0 || packed > m.TotalCompressedSize || size > maxPageBytes || size > expansion(p.size) || values > maxPageValues {
			return fmt.Errorf("a page of %d values, %d bytes, %d decompressed: refused as damaged or hostile", values, packed, size)
		}
		codec := m.Codec
		if v2 := h.DataPageHeaderV2; v2.Valid { // its levels stand in front, not compressed
			levels := int64(v2.V.RepetitionLevelsByteLength) + int64(v2.V.DefinitionLevelsByteLength)
			if levels < 0 || levels > packed || levels > size {
				return fmt.Errorf("a page with %d bytes of levels in %d", levels, packed)
			}
			if _, err := io.CopyN(io.Discard, r, levels); err != nil {
				return fmt.Errorf("levels of a page: %w", err)
			}
			packed, size = packed-levels, size-levels
			if v2.V.IsCompressed.Valid && !v2.V.IsCompressed.V {
				codec = format.Uncompressed
			}
		}
		if err := checkPage(r, codec, packed, size); err != nil {
			return err
		}
		if h.Type != format.DictionaryPage {
			seen += values
		}
	}
	return nil
}

// readAtMost reads n bytes, growing its buffer only as they arrive.
func readAtMost(r io.Reader, n int64) ([]byte, error) {
	var b bytes.Buffer
	if m, err := io.CopyN(&b, r, n); err != nil {
		return nil, fmt.Errorf("after %d bytes of a page: %w", m, err)
	}
	return b.Bytes(), nil
}

// checkPage passes over one page and makes sure that it decompresses to no more
// than it says.
func checkPage(r *bufio.Reader, codec format.CompressionCodec, packed, size int64) error {
	page := io.LimitReader(r, packed)
	var plain io.Reader
	switch codec {
	case format.Snappy:
		head, _ := r.Peek(int(min(packed, 16)))
		if n, err := snappy.DecodedLen(head); err == nil && int64(n) > size {
			return fmt.Errorf("a page claims %d bytes, its data %d", size, n)
		}
	case format.Gzip:
		z, err := gzip.NewReader(page)
		if err == nil {
			plain = z
		}
	case format.Zstd:
		z, err := zstd.NewReader(page, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPageBytes))
		if err == nil {
			defer z.Close()
			plain = z
		}
	case format.Brotli:
		plain = brotli.NewReader(page)
	case format.Lz4Raw: // the library would double its buffer without end on a damaged page
		block, err := readAtMost(page, packed)
		if err != nil {
			return err
		}
		if n, err := lz4.UncompressBlock(block, make([]byte, size)); err != nil || int64(n) > size {
			return fmt.Errorf("a page of %d bytes does not decompress to the %d it claims: %w", packed, size, err)
		}
	case format.Uncompressed:
	default:
		return fmt.Errorf("compression %s is not read: want none, snappy, gzip, zstd, brotli or lz4", codec)
	}
	if plain != nil {
		if n, _ := io.Copy(io.Discard, io.LimitReader(plain, size+1)); n > size {
			return fmt.Errorf("a page claims %d bytes and decompresses to more", size)
		}
	}
	if n, err := io.Copy(io.Discard, page); err != nil {
		return fmt.Errorf("after %d bytes of a page: %w", n, err)
	}
	return nil
}
