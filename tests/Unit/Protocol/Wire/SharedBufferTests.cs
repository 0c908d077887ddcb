using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Protocol.Wire;

public sealed class SharedBufferTests
{
    readonly DiagnosticBufferPool _pool = new();

    [Fact]
    public void The_last_release_gives_the_array_back_and_ends_the_memory()
    {
        var buffer = new SharedBuffer(_pool, 100);
        Assert.Equal(100, buffer.Memory.Length);
        buffer.Retain();
        buffer.Release();
        Assert.Equal(1, _pool.RentedCount);
        Assert.Equal(100, buffer.Memory.Length);

        buffer.Release();

        Assert.Throws<ObjectDisposedException>(() => buffer.Memory);
        _pool.AssertAllReturned();
    }

    [Fact]
    public async Task Holders_on_several_threads_return_it_once_and_read_it_whole_until_then()
    {
        const int holders = 4;
        for (var round = 0; round < 300; round++)
        {
            var buffer = new SharedBuffer(_pool, 64);
            buffer.Memory.Span.Fill((byte)round);
            for (var i = 1; i < holders; i++)
            {
                buffer.Retain();
            }

            var wanted = (byte)round;
            var tasks = Enumerable.Range(0, holders).Select(_ => Task.Run(() =>
            {
                for (var i = 0; i < 20; i++)
                {
                    buffer.Retain();
                    Assert.True(buffer.Memory.Span.IndexOfAnyExcept(wanted) < 0);
                    buffer.Release();
                }

                Assert.True(buffer.Memory.Span.IndexOfAnyExcept(wanted) < 0);
                buffer.Release();
            }));
            await Task.WhenAll(tasks);
            Assert.Throws<ObjectDisposedException>(() => buffer.Memory);
        }

        _pool.AssertAllReturned();
    }
}
