using Millrace.Cli;

return await CommandRunner.RunAsync(CommandRunner.CreateRoot(), args).ConfigureAwait(false);
