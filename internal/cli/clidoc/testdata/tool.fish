# fish completion for tool
function __tool_offer
	set -l before (commandline -opc)
	set -l offered ($before[1] __complete -- $before[2..-1] (commandline -ct) 2>/dev/null)
	if set -q offered[1]
		printf '%s\n' $offered
	else
		__fish_complete_path (commandline -ct)
	end
end
complete -c tool -f -a '(__tool_offer)'
