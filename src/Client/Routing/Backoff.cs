namespace Millrace.Client.Routing;

/// <summary>Exponential pauses with jitter (KIP-580).</summary>
static class Backoff
{
    const double Jitter = 0.2;

    /// <summary>The pause before the try after <paramref name="failures"/> earlier retries, in milliseconds: doubles
    /// from
    /// <paramref name="first"/>, plus or minus a fifth, never above <paramref name="longest"/>.</summary>
    public static long DelayMs(int failures, TimeSpan first, TimeSpan longest, ClientRuntime runtime)
    {
        var exponential = first.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 30));
        var jittered = Math.Min(exponential, longest.TotalMilliseconds) * (
            1 + (Jitter * ((2 * runtime.NextDouble()) - 1)));
        return (long)Math.Max(1, Math.Min(jittered, longest.TotalMilliseconds));
    }
}
