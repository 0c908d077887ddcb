using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Protocol.Wire;

public sealed class DiagnosticBufferPoolTests
{
    [Fact]
    public void A_leak_is_reported_with_the_renters_role_and_stack()
    {
        var pool = new DiagnosticBufferPool(captureStacks: true);
        pool.WithRole("fetch answer").Rent(100);
        var error = Assert.Throws<InvalidOperationException>(pool.AssertAllReturned);
        Assert.Contains("fetch answer", error.Message, StringComparison.Ordinal);
        Assert.Contains("A_leak_is_reported", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_rented_and_returned_once_is_fine()
    {
        var pool = new DiagnosticBufferPool();
        for (var i = 0; i < 200; i++)
        {
            var buffer = pool.Rent(i * 10);
            Assert.True(buffer.Length >= i * 10);
            Array.Clear(buffer);
            pool.Return(buffer);
        }

        Assert.Equal((0, 200L), (pool.RentedCount, pool.TotalRented));
        pool.AssertAllReturned();
    }

    [Fact]
    public void A_second_return_is_refused_and_remembered()
    {
        var pool = new DiagnosticBufferPool();
        var buffer = pool.Rent(10);
        pool.Return(buffer);
        var error = Assert.Throws<InvalidOperationException>(() => pool.Return(buffer));
        Assert.Contains("twice", error.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(pool.AssertAllReturned);
    }

    [Fact]
    public void A_foreign_array_is_refused()
    {
        var pool = new DiagnosticBufferPool();
        var error = Assert.Throws<InvalidOperationException>(() => pool.Return(new byte[16]));
        Assert.Contains("not rented", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_write_after_the_return_is_found()
    {
        var pool = new DiagnosticBufferPool();
        var buffer = pool.Rent(64);
        pool.Return(buffer);
        Assert.Equal(DiagnosticBufferPool.Fill, buffer[5]);
        buffer[5] = 1;
        var error = Assert.Throws<InvalidOperationException>(pool.AssertAllReturned);
        Assert.Contains("Byte 5 ", error.Message, StringComparison.Ordinal);
    }
}
