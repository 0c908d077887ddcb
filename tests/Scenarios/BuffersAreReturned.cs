// Whatever a scenario does, after it no buffer is missing, returned twice, or written after its return.
using System.Reflection;
using Millrace.Protocol.Wire;
using Millrace.Scenarios;
using Xunit;
using Xunit.v3;

[assembly: BuffersAreReturned]

namespace Millrace.Scenarios;

/// <summary>Looks at the pool of a scenario when it is over and everything is disposed. A scenario that failed has its
/// own failure to tell: it may well hold a batch.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
sealed class BuffersAreReturned : BeforeAfterTestAttribute
{
    /// <summary>A pool for the running test. MILLRACE_TEST_STACKS=1 tells where a lost buffer was rented.</summary>
    public static DiagnosticBufferPool NewPool()
    {
        var pool = new DiagnosticBufferPool(
            captureStacks: Environment.GetEnvironmentVariable("MILLRACE_TEST_STACKS") is { Length: > 0 });
        TestContext.Current.KeyValueStorage[KeyOf(TestContext.Current.Test!)] = pool;
        return pool;
    }

    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        if (TestContext.Current.KeyValueStorage.TryRemove(KeyOf(test), out var pool)
            && TestContext.Current.TestState?.Result == TestResult.Passed)
        {
            var buffers = (DiagnosticBufferPool)pool!;
            Assert.True(buffers.TotalRented > 0, "The scenario did not use its pool.");
            buffers.AssertAllReturned();
        }
    }

    static string KeyOf(Xunit.Sdk.ITestMetadata test) => "buffers of " + test.UniqueID;
}
