using System.Buffers.Binary;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Protocol.Wire;

public sealed class FrameTests
{
    readonly DiagnosticBufferPool _pool = new();

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public void A_request_frame_is_read_back(short version)
    {
        using var writer = new WireWriter(_pool);
        var request = new FetchRequest { MaxWaitMs = 500, RackId = "r1" };

        Frame.WriteRequest<FetchRequest, FetchResponse>(writer, request, version, 77, "client");

        var bytes = writer.ToArray();
        Assert.Equal(bytes.Length - Frame.SizePrefix, BinaryPrimitives.ReadInt32BigEndian(bytes));
        var reader = new WireReader(bytes.AsMemory(Frame.SizePrefix));
        Assert.Equal(new RequestHeader(ApiKey.Fetch, version, 77, "client"), Frame.ReadRequestHeader(ref reader));
        Frame.ReadRequestTags(ref reader, version >= FetchRequest.FirstFlexibleVersion);
        var read = new FetchRequest();
        read.Read(ref reader, version);
        reader.ThrowIfBad();
        Assert.Equal(0, reader.Remaining);
        Assert.Equal(500, read.MaxWaitMs);
        Assert.Equal("r1", read.RackId);
    }

    [Theory]
    [InlineData(ApiKey.Heartbeat, 3, false, 4)]
    [InlineData(ApiKey.Heartbeat, 4, true, 5)]
    [InlineData(ApiKey.ApiVersions, 4, true, 4)]   // always v0
    public void A_response_frame_is_read_back(ApiKey key, short version, bool flexible, int headerLength)
    {
        using var writer = new WireWriter(_pool);
        IMessage response = key == ApiKey.Heartbeat
            ? new HeartbeatResponse { ErrorCode = ErrorCode.RebalanceInProgress }
            : new ApiVersionsResponse { ErrorCode = ErrorCode.RebalanceInProgress };

        Frame.WriteResponse(writer, key, response, version, 78, flexible);

        var bytes = writer.ToArray();
        Assert.Equal(bytes.Length - Frame.SizePrefix, BinaryPrimitives.ReadInt32BigEndian(bytes));
        var reader = new WireReader(bytes.AsMemory(Frame.SizePrefix));
        Assert.Equal(78, Frame.ReadResponseHeader(ref reader, key, flexible));
        Assert.Equal(headerLength, reader.Position);
        IMessage read = key == ApiKey.Heartbeat ? new HeartbeatResponse() : new ApiVersionsResponse();
        read.Read(ref reader, version);
        reader.ThrowIfBad();
        Assert.Equal(0, reader.Remaining);
    }

    [Fact]
    public void Any_bytes_are_a_header_or_make_the_reader_bad()
    {
        for (var seed = 0; seed < 2000 * Repository.FuzzFactor; seed++)
        {
            var random = new Random(seed);
            var bytes = new byte[random.Next(40)];
            random.NextBytes(bytes);
            var flexible = random.Next(2) == 0;
            var request = new WireReader(bytes);
            Frame.ReadRequestHeader(ref request);
            Frame.ReadRequestTags(ref request, flexible);
            var response = new WireReader(bytes);
            Frame.ReadResponseHeader(ref response, ApiKey.Fetch, flexible);
            Assert.InRange(request.Position, 0, bytes.Length);
            Assert.InRange(response.Position, 0, bytes.Length);
            if (!flexible)
                Assert.Equal(bytes.Length < 4, response.IsBad);
        }
    }

    [Fact]
    public void Several_frames_lie_behind_each_other()
    {
        using var writer = new WireWriter(_pool, chunkSize: 64);
        for (var i = 0; i < 20; i++)
        {
            var request = new HeartbeatRequest { GroupId = $"group {i}" };
            Frame.WriteRequest<HeartbeatRequest, HeartbeatResponse>(writer, request, 4, i, null);
        }

        var reader = new WireReader(writer.ToArray());
        for (var i = 0; i < 20; i++)
        {
            var frame = new WireReader(reader.ReadRaw(reader.ReadInt32()));
            Assert.Equal(i, Frame.ReadRequestHeader(ref frame).CorrelationId);
            Frame.ReadRequestTags(ref frame, flexible: true);
            var request = new HeartbeatRequest();
            request.Read(ref frame, 4);
            Assert.Equal($"group {i}", request.GroupId);
            Assert.Equal(0, frame.Remaining);
        }
        Assert.Equal(0, reader.Remaining);
    }

    [Fact]
    public void Record_bytes_are_not_copied_into_a_frame()
    {
        var records = new byte[100_000];
        var response = new FetchResponse { Responses = [new() { Partitions = [new() { Records = records }] }] };
        using var writer = new WireWriter(_pool);

        Frame.WriteResponse(writer, ApiKey.Fetch, response, 12, 1, flexible: true);

        Assert.Equal([100_000], writer.Segments.Where(s => s.Length >= 1000).Select(s => s.Length));
        Assert.True(writer.Segments[1].Span.Overlaps(records));
    }
}
