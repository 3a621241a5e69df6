#compdef tool
_tool() {
	local -a offered going
	offered=("${(@f)$("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
	offered=(${offered:#})
	if (( ! $#offered )); then
		_files
		return
	fi
	going=(${(M)offered:#*[=.]})
	offered=(${offered:#*[=.]})
	(( $#going )) && compadd -S '' -- $going
	(( $#offered )) && compadd -- $offered
}
compdef _tool tool
