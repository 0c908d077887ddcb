using System.Numerics;
using System.Text;

namespace Millrace.Protocol.Wire;

/// <summary>The pool for tests. It finds arrays that were never returned, returned twice or never rented here, and
/// writes
/// into an array after its return: returned arrays are filled with <see cref="Fill"/>, and the filling is
/// checked when an array is rented again and in <see cref="AssertAllReturned"/>.</summary>
/// <param name="captureStacks">Remember where each array was rented. Slow; turn it on to find a leak.</param>
public sealed class DiagnosticBufferPool(bool captureStacks = false) : BufferPool
{
    /// <summary>What a returned array is filled with: a reader that comes too late finds nonsense.</summary>
    public const byte Fill = 0xDD;

    // Empty arrays are shared by the runtime and could not be told apart.
    const int LeastLength = 16;

    // Arrays of one size that wait to be rented again. More would only delay the check of their filling.
    const int KeptPerSize = 32;

    readonly Lock _gate = new();
    readonly Dictionary<byte[], Rental> _rented = new(ReferenceEqualityComparer.Instance);  // guarded by _gate
    readonly Dictionary<int, Queue<byte[]>> _free = [];                                     // guarded by _gate
    readonly HashSet<byte[]> _returned = new(ReferenceEqualityComparer.Instance);           // guarded by _gate
    readonly List<string> _faults = [];                                                     // guarded by _gate
    long _count;                                                                            // guarded by _gate

    /// <summary>How many arrays are rented now.</summary>
    public int RentedCount
    {
        get
        {
            lock (_gate)
            {
                return _rented.Count;
            }
        }
    }

    /// <summary>How many times an array was rented so far.</summary>
    public long TotalRented
    {
        get
        {
            lock (_gate)
            {
                return _count;
            }
        }
    }

    /// <summary>The same pool under a name that the report of a leak tells.</summary>
    /// <param name="role">Who rents, for example "fetch answer".</param>
    public BufferPool WithRole(string role) => new RoleView(this, role);

    /// <inheritdoc/>
    public override byte[] Rent(int minimumLength) => Rent(minimumLength, "no role");

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The array was returned before, or was not rented here.</exception>
    public override void Return(byte[] buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        lock (_gate)
        {
            if (!_rented.Remove(buffer))
            {
                var fault = _returned.Contains(buffer)
                    ? $"An array of {buffer.Length} bytes was returned twice."
                    : $"An array of {buffer.Length} bytes was returned that was not rented from this pool.";
                _faults.Add(fault);
                throw new InvalidOperationException(fault);
            }

            Array.Fill(buffer, Fill);
            if (!_free.TryGetValue(buffer.Length, out var queue))
            {
                queue = _free[buffer.Length] = new Queue<byte[]>();
            }

            _returned.Add(buffer);
            queue.Enqueue(buffer);
            if (queue.Count > KeptPerSize)
            {
                Check(queue.Dequeue());
            }
        }
    }

    /// <summary>Throws if anything was done wrong so far, or an array is still rented.</summary>
    /// <exception cref="InvalidOperationException">Says what, and who rented.</exception>
    public void AssertAllReturned()
    {
        lock (_gate)
        {
            foreach (var buffer in _free.Values.SelectMany(queue => queue))
            {
                CheckFilling(buffer);
            }

            if (_rented.Count == 0 && _faults.Count == 0)
            {
                return;
            }

            var text = new StringBuilder($"{_rented.Count} arrays not returned, {_faults.Count} other faults.");
            foreach (var fault in _faults)
            {
                text.AppendLine().Append(fault);
            }

            foreach (var group in _rented.Values.GroupBy(rental => (rental.Role, rental.Length, rental.Stack)))
            {
                text.AppendLine().Append($"{group.Count()} of {group.Key.Length} bytes, rented by: {group.Key.Role}");
                if (group.Key.Stack is { } stack)
                {
                    text.AppendLine().Append(stack);
                }
            }

            throw new InvalidOperationException(text.ToString());
        }
    }

    byte[] Rent(int minimumLength, string role)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(minimumLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minimumLength, Array.MaxLength);
        var length = Math.Max(LeastLength, minimumLength);
        length = length > 1 << 30 ? length : (int)BitOperations.RoundUpToPowerOf2((uint)length);
        var stack = captureStacks ? Environment.StackTrace : null;
        lock (_gate)
        {
            byte[] buffer;
            if (_free.TryGetValue(length, out var queue) && queue.TryDequeue(out var kept))
            {
                Check(kept);
                buffer = kept;
            }
            else
            {
                buffer = GC.AllocateUninitializedArray<byte>(length);
                Array.Fill(buffer, Fill);
            }

            _rented.Add(buffer, new Rental(length, role, stack));
            _count++;
            return buffer;
        }
    }

    void Check(byte[] buffer)
    {
        _returned.Remove(buffer);
        CheckFilling(buffer);
    }

    void CheckFilling(byte[] buffer)
    {
        var at = buffer.AsSpan().IndexOfAnyExcept(Fill);
        if (at >= 0)
        {
            _faults.Add(
                $"Byte {at} of an array of {buffer.Length} bytes was written after its return: {buffer[at]:x2}.");
            Array.Fill(buffer, Fill);
        }
    }

    readonly record struct Rental(int Length, string Role, string? Stack);

    sealed class RoleView(DiagnosticBufferPool pool, string role) : BufferPool
    {
        public override byte[] Rent(int minimumLength) => pool.Rent(minimumLength, role);

        public override void Return(byte[] buffer) => pool.Return(buffer);
    }
}
