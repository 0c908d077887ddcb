namespace Millrace.Protocol.Records;

/// <summary>Checks and look-ups on the bytes of one batch.</summary>
public static class RecordBatch
{
    /// <summary>Checks everything that can be known without decompressing: size, format, checksum, counts.</summary>
    /// <param name="batch">Exactly one batch.</param>
    /// <param name="checkCrc">False leaves the checksum out, for bytes that were checked before.</param>
    public static BatchFault Validate(ReadOnlySpan<byte> batch, bool checkCrc = true)
    {
        if (!RecordBatchHeader.TryRead(batch, out var header))
        {
            return BatchFault.TooShort;
        }

        // The magic byte stands at the same place in formats 0, 1 and 2, the length as well.
        if (header.Magic != RecordBatchHeader.CurrentMagic)
        {
            return BatchFault.UnsupportedMagic;
        }

        if (header.TotalSize != batch.Length)
        {
            return BatchFault.SizeMismatch;
        }

        if (checkCrc && Crc32C.Compute(batch[RecordBatchHeader.AttributesAt..]) != header.Crc)
        {
            return BatchFault.BadCrc;
        }

        if (header.Compression > CompressionType.Zstd)
        {
            return BatchFault.UnknownCompression;
        }

        if (header.LastOffsetDelta < 0)
        {
            return BatchFault.BadOffsetDelta;
        }

        return header.RecordCount < 0 || header.RecordCount > header.LastOffsetDelta + 1L
            ? BatchFault.BadRecordCount
            : BatchFault.None;
    }

    /// <summary>What a broker checks beyond <see cref="Validate"/> before it appends a producer's batch.</summary>
    public static BatchFault ValidateProduced(in RecordBatchHeader header)
    {
        if (header.IsControl)
        {
            return BatchFault.ControlFromProducer;
        }

        if (header.RecordCount < 1 || header.LastOffsetDelta != header.RecordCount - 1)
        {
            return BatchFault.NotNumberedByProducer;
        }

        // Without a producer id, epoch and sequence mean nothing: KafkaJS writes 0 for both.
        var sound = header.ProducerId >= 0
            ? header.ProducerEpoch >= 0 && header.BaseSequence >= 0
            : header.ProducerId == -1 && !header.IsTransactional;
        return sound ? BatchFault.None : BatchFault.BadProducerFields;
    }

    /// <summary>Walks the decompressed records and compares them with the header.</summary>
    /// <param name="header">The batch's header.</param>
    /// <param name="section">The decompressed record section.</param>
    /// <param name="produced">Offset deltas must be 0, 1, 2…; else they must only rise and stay within the
    /// batch.</param>
    public static BatchFault ValidateRecords(
        in RecordBatchHeader header, ReadOnlySpan<byte> section, bool produced)
    {
        var records = new RecordReader(section, header.RecordCount);
        var next = 0L;
        while (records.MoveNext())
        {
            var delta = records.Current.OffsetDelta;
            if (delta < next || delta > header.LastOffsetDelta || (produced && delta != next))
            {
                return BatchFault.BadRecords;
            }

            next = delta + 1L;
        }

        return records.IsBad ? BatchFault.BadRecords : BatchFault.None;
    }

    /// <summary>Finds the first record whose timestamp is at or after the given one. False if there is none.</summary>
    /// <param name="header">The batch's header.</param>
    /// <param name="section">The decompressed record section, see <see cref="RecordSection.Open"/>.</param>
    /// <param name="timestampMs">Milliseconds since 1970 UTC.</param>
    /// <param name="offset">The record's offset.</param>
    /// <param name="foundTimestampMs">The record's timestamp.</param>
    /// <exception cref="Wire.WireFormatException">A record before the one that was looked for does not
    /// parse.</exception>
    public static bool TryFindTimestamp(
        in RecordBatchHeader header,
        ReadOnlySpan<byte> section,
        long timestampMs,
        out long offset,
        out long foundTimestampMs)
    {
        var records = new RecordReader(section, header.RecordCount);
        while (records.MoveNext())
        {
            foundTimestampMs = header.TimestampOf(records.Current);
            if (foundTimestampMs >= timestampMs)
            {
                offset = header.OffsetOf(records.Current);
                return true;
            }
        }

        records.ThrowIfBad();
        offset = -1;
        foundTimestampMs = -1;
        return false;
    }
}
