using Millrace.Processing.Listeners;

namespace Millrace.Simulation.Listeners;

/// <summary>One seeded run: a broker, a group of instances that each drive the production core, chaos for a while,
/// calm at the end. Virtual time, one thread, every choice from one random generator: a seed is a run.</summary>
sealed class SimWorld
{
    const long Limit = 6 * 3600 * 1000L;
    const int MaxSteps = 3_000_000;

    readonly PriorityQueue<Action, (long At, long Order)> _agenda = new();
    readonly int _seed;
    readonly bool _isTraced;
    readonly List<SimInstance> _instances = [];
    long _order;
    int _nextInstance;
    int _steps;
    int _produced;
    bool _isEnding;

    public SimWorld(int seed, bool isTraced)
    {
        _seed = seed;
        _isTraced = isTraced;
        Random = new Random(seed);
        Scenario = new Scenario(Random);
        Broker = new SimBroker(this);
        Oracle = new Oracle(this);
    }

    public Random Random { get; }

    public Scenario Scenario { get; }

    public SimBroker Broker { get; }

    public Oracle Oracle { get; }

    public long Now { get; private set; }

    /// <summary>False once everything is produced and the calm end has begun.</summary>
    public bool IsChaos { get; private set; } = true;

    public List<string> Trace { get; } = [];

    public IReadOnlyList<SimInstance> Instances => _instances;

    public string Summary =>
        $"{Scenario}; {_steps} steps, {Now / 1000} s, {Oracle.Started} runs of {_produced} records, "
        + $"{Oracle.Duplicates} again, "
        + $"{Oracle.KnownDone} known done, {Oracle.Commits} commits ({Oracle.Maps} maps), "
        + $"{Oracle.Rebalances} rebalances";

    public void At(long delay, Action action) => _agenda.Enqueue(action, (Now + Math.Max(0, delay), _order++));

    public void Log(string line)
    {
        if (!_isTraced && Trace.Count >= 400)
        {
            Trace.RemoveRange(0, 200);
        }

        Trace.Add($"{Now,9} {line}");
    }

    public void Fail(string invariant, string what)
    {
        throw new SimulationException($"{invariant}: {what}");
    }

    public void Run()
    {
        try
        {
            Log(Scenario.ToString());
            for (var i = 0; i < Scenario.Instances; i++)
            {
                Join();
            }

            Produce();
            At(1, Chaos);
            Play(() => !IsChaos);
            Calm();
            Play(() => Oracle.IsAllDone && Broker.IsAllCommitted);
            _isEnding = true;
            foreach (var instance in _instances)
            {
                instance.Stop();
                Log($"i{instance.Id} is to stop");
            }

            Play(() => _instances.TrueForAll(i => i.IsStopped));
            Play(() => _agenda.Count == 0);
            foreach (var instance in _instances)
            {
                instance.CheckEmpty();
            }
        }
        catch (Exception e) when (e is SimulationException or InvariantException or NullReferenceException
            or InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            var end = string.Join('\n', Trace.TakeLast(_isTraced ? int.MaxValue : 60));
            throw new SimulationException(
                $"{end}\nseed {_seed} failed at {Now} ms: {e.Message}\n"
                + $"{(e is SimulationException ? "" : e.StackTrace)}\n"
                + $"replay: dotnet run --project tests/Simulation -- --seed {_seed}", e);
        }
    }

    /// <summary>A fresh process joins the group, or comes back as the static member that one was.</summary>
    public void Join(SimInstance? heirOf = null)
    {
        if (_isEnding)
        {
            return;
        }

        var instance = new SimInstance(this, _nextInstance++);
        _instances.Add(instance);
        instance.Start();
        Log($"i{instance.Id} joins");
        if (heirOf is not null)
        {
            Oracle.Saw(Oracle.StaticMember);
            Broker.Inherit(heirOf, instance);
        }
    }

    /// <summary>A process dies at once; another one comes in a while.</summary>
    public void Crash(SimInstance instance)
    {
        Log($"i{instance.Id} crashes");
        _instances.Remove(instance);
        instance.Crash();
        Oracle.Crashed(instance);
        if (Random.NextDouble() < Scenario.StaticShare)
        {
            At(Random.Next(10, 3000), () => Join(instance));
            return;
        }

        Broker.Evict(instance, isTold: false);
        At(Random.Next(10, 3000), () => Join());
        At(Random.Next(10, 5000), Broker.Rebalance);
    }

    void Play(Func<bool> isOver)
    {
        while (!isOver())
        {
            if (!_agenda.TryDequeue(out var action, out var key))
            {
                Fail("I11", "nothing is left to happen, but the run is not over: " + Oracle.Missing);
            }

            Now = key.At;
            if (++_steps > MaxSteps || Now > Limit)
            {
                Fail("I11", $"no end in sight after {_steps} steps: {Oracle.Missing}; not stopped: "
                    + string.Join(' ', _instances.Where(static i => !i.IsStopped).Select(static i => $"i{i.Id}")));
            }

            action!();
        }
    }

    /// <summary>Records arrive in bursts until all are there.</summary>
    void Produce()
    {
        var burst = Math.Min(Random.Next(1, 60), Scenario.Records - _produced);
        for (var i = 0; i < burst; i++)
        {
            Broker.Append();
        }

        _produced += burst;
        Broker.Nudge();
        if (_produced < Scenario.Records)
        {
            At(Random.Next(1, Scenario.MaxGapMs), Produce);
        }
        else
        {
            At(Random.Next(0, 20_000), () => IsChaos = false);
        }
    }

    void Chaos()
    {
        if (!IsChaos)
        {
            return;
        }

        var dice = Random.NextDouble();
        if (_instances.Count > 0 && dice < Scenario.CrashShare)
        {
            Crash(_instances[Random.Next(_instances.Count)]);
        }
        else if (_instances.Count > 0 && dice < Scenario.CrashShare + Scenario.LostShare)
        {
            Broker.Evict(_instances[Random.Next(_instances.Count)], isTold: true);
            At(Random.Next(0, 2000), Broker.Rebalance);
        }
        else if (dice < Scenario.CrashShare + Scenario.LostShare + Scenario.CorruptShare)
        {
            Broker.CorruptMetadata();
        }
        else
        {
            Broker.Rebalance();
        }

        At(Random.Next(100, Scenario.ChaosGapMs), Chaos);
    }

    /// <summary>No more faults. Partitions go to whoever is there until all is done.</summary>
    void Calm()
    {
        Log("calm");
        Broker.Rebalance();
        if (!Oracle.IsAllDone || !Broker.IsAllCommitted)
        {
            At(5000, Calm);
        }
    }
}

/// <summary>A run that broke a promise.</summary>
sealed class SimulationException : Exception
{
    public SimulationException()
    {
    }

    public SimulationException(string message)
        : base(message)
    {
    }

    public SimulationException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
